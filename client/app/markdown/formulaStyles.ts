/** The styles and fonts of typeset formulas, which are loaded with the first of them. */

import "katex/dist/katex.min.css";
