"use client";

import { useParams } from "next/navigation";
import { Suspense } from "react";
import { Chat } from "../../suspense";

export default function Page() {
  const { id } = useParams<{ id: string }>();
  return (
    <Suspense fallback="Loading">
      <Chat id={decodeURIComponent(id)} />
    </Suspense>
  );
}
