import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Sidebar } from "../../../app/chats/Sidebar.tsx";
import { useAction } from "../../../app/ui/useAction.ts";

vi.mock("../../../app/session/session.ts", () => ({ signOut: () => {} }));
afterEach(cleanup);

const ANN = {
  __typename: "Viewer",
  id: "v",
  email: "ann@example.com",
  user: { __typename: "User", id: "u", name: "Ann" },
};

const fetchMore = vi.fn(() => Promise.reject(new Error("Too many requests.")));

function Page() {
  const loadMore = useAction(fetchMore);
  return <Sidebar viewer={ANN as never} chats={[]} current={undefined} loadMore={loadMore} hasMore onHide={() => {}} />;
}

test("a search that fails shows the error, and continues only on Try again", async () => {
  render(<Page />);
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "tides" } });
  await screen.findByRole("alert");
  const again = await screen.findByRole("button", { name: "Try again" });
  expect(fetchMore).toHaveBeenCalledTimes(1);
  fireEvent.click(again);
  expect(fetchMore).toHaveBeenCalledTimes(2);
});
