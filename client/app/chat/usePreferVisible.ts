/** Tells the connection which replies are in view: where only a few can be followed closely, it is those. */

import { type RefObject, useEffect } from "react";
import { useSession } from "../session/session.ts";

const inView = new Set<string>();

export function useInView(element: RefObject<Element | null>, id: string, isWritten: boolean): void {
  const { connection } = useSession().client;
  useEffect(() => {
    const target = element.current;
    if (!isWritten || target === null) return;
    const tell = (isInView: boolean) => {
      if (isInView) inView.add(id);
      else inView.delete(id);
      connection.prefer([...inView]);
    };
    const looking = new IntersectionObserver(([entry]) => tell(entry?.isIntersecting ?? false));
    looking.observe(target);
    return () => {
      looking.disconnect();
      tell(false);
    };
  }, [element, id, isWritten, connection]);
}
