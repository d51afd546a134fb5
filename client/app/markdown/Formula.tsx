/** A formula. Until it is typeset, and if it cannot be, it is shown as it was written. */

import { texOf } from "./formulas.ts";
import { useTypeset } from "./typesetting.ts";

/** `children` is the formula as it was written, with its delimiters. */
export function Formula({ children: source }: { children: string }) {
  const html = useTypeset(source);
  const { isDisplay } = texOf(source);
  const name = isDisplay ? "formula display" : "formula";
  if (html === undefined)
    return (
      <span className={name} dir="ltr" translate="no">
        {source}
      </span>
    );
  return (
    <span
      className={name}
      dir="ltr"
      translate="no"
      data-typeset=""
      // biome-ignore lint/security/noDangerouslySetInnerHtml: KaTeX escapes all text, and may not trust it
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
