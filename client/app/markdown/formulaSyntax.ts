/** Formulas as a syntax of micromark, and as nodes of the parsed text. What `$` and `\(` mean elsewhere is in `formulas.ts`. */

import type { Literal } from "mdast";
import type { Extension as FromMarkdownExtension, Handle } from "mdast-util-from-markdown";
import type { Code, Construct, Extension, State, TokenizeContext, Tokenizer } from "micromark-util-types";
import {
  isDisplay,
  isFormula,
  MAX_DISPLAY_CHARACTERS,
  MAX_INLINE_CHARACTERS,
  mayOpen,
  type Opening,
  SUFFIX,
} from "./formulas.ts";

/** A formula as it was written, with its delimiters. */
export interface FormulaNode extends Literal {
  type: "formula";
  /** True if nothing else is on its lines. */
  isBlock: boolean;
}

declare module "mdast" {
  interface RootContentMap {
    formula: FormulaNode;
  }
  interface PhrasingContentMap {
    formula: FormulaNode;
  }
  interface BlockContentMap {
    formula: FormulaNode;
  }
}

declare module "micromark-util-types" {
  interface TokenTypeMap {
    formulaText: "formulaText";
    formulaBlock: "formulaBlock";
    formulaData: "formulaData";
    formulaSuffix: "formulaSuffix";
  }
  interface ParseContext {
    /** For each opening delimiter, where none of them is closed. Keeps the time linear. */
    withoutFormulas?: Partial<Record<Opening, { readonly from: number; readonly to: number }>>;
  }
}

const DOLLAR = 36;
const OPENING_PARENTHESIS = 40;
const CLOSING_PARENTHESIS = 41;
const OPENING_BRACKET = 91;
const BACKSLASH = 92;
const CLOSING_BRACKET = 93;

const isLineEnd = (code: Code) => code !== null && code < -2;
const isBlank = (code: Code) => code !== null && (code < 0 || code === 32);

type Effects = Parameters<Tokenizer>[0];

/** Consumes the characters of a formula, each line as a token. micromark finds the lines of a paragraph by such tokens. */
function formulaWriter(effects: Effects, type: "formulaText" | "formulaBlock") {
  let isInLine = false;
  const leaveLine = () => {
    if (isInLine) effects.exit("formulaData");
    isInLine = false;
  };
  return {
    consume(code: Code) {
      if (isLineEnd(code)) {
        leaveLine();
        effects.enter("lineEnding");
        effects.consume(code);
        effects.exit("lineEnding");
        return;
      }
      if (!isInLine) effects.enter("formulaData");
      isInLine = true;
      effects.consume(code);
    },
    enter: () => effects.enter(type),
    exit() {
      leaveLine();
      return effects.exit(type);
    },
  };
}

type Writer = ReturnType<typeof formulaWriter>;

/** Consumes an opening delimiter, and passes it on. */
function opens(context: TokenizeContext, writer: Writer, nok: State, next: (found: Opening) => State) {
  const at = context.now().offset;
  const then = (opening: Opening): State => {
    const known = context.parser.withoutFormulas?.[opening];
    return known && known.from <= at && at < known.to ? nok : next(opening);
  };
  const second: State = (code) => {
    if (code !== DOLLAR) return then("$")(code);
    writer.consume(code);
    return third;
  };
  const third: State = (code) => (code === DOLLAR ? nok(code) : then("$$")(code));
  const bracket: State = (code) => {
    if (code !== OPENING_PARENTHESIS && code !== OPENING_BRACKET) return nok(code);
    writer.consume(code);
    return then(code === OPENING_BRACKET ? "\\[" : "\\(");
  };
  const start: State = (code) => {
    writer.consume(code);
    return code === DOLLAR ? second : bracket;
  };
  return start;
}

/** Notes that no such delimiter is closed between these places. */
function fails({ parser, now }: TokenizeContext, opening: Opening, from: number): void {
  parser.withoutFormulas ??= {};
  parser.withoutFormulas[opening] = { from, to: now().offset };
}

/** Consumes what follows a backslash. Calls `closed` after the closing delimiter. */
function afterBackslash(writer: Writer, opening: Opening, inside: State, closed: State): State {
  return (code) => {
    if (code === null || isLineEnd(code)) return inside(code);
    writer.consume(code);
    const isClosing =
      (opening === "\\(" && code === CLOSING_PARENTHESIS) || (opening === "\\[" && code === CLOSING_BRACKET);
    return isClosing ? closed : inside;
  };
}

/** In a line of text. */
const tokenizeText: Tokenizer = function (effects, ok, nok) {
  const formula = formulaWriter(effects, "formulaText");
  const content = (opening: Opening): State => {
    const most = isDisplay(opening) ? MAX_DISPLAY_CHARACTERS : MAX_INLINE_CHARACTERS;
    const from = this.now().offset;
    let length = 0;
    let isAfterBlank = true;
    const inside: State = (code) => {
      if (code === null || length++ > most) {
        fails(this, opening, from);
        return nok(code);
      }
      if (code === DOLLAR && opening === "$") {
        if (isAfterBlank) return nok(code);
        formula.consume(code);
        return closed;
      }
      if (opening === "$" && length === 1 && isBlank(code)) return nok(code);
      isAfterBlank = isBlank(code);
      formula.consume(code);
      if (code === BACKSLASH) return afterBackslash(formula, opening, inside, closed);
      return code === DOLLAR && opening === "$$" ? secondDollar : inside;
    };
    const secondDollar: State = (code) => {
      if (code !== DOLLAR) return inside(code);
      formula.consume(code);
      return afterDollars;
    };
    const afterDollars: State = (code) => (code === DOLLAR ? nok(code) : closed(code));
    const closed: State = (code) => {
      const source = this.sliceSerialize(formula.exit());
      const width = opening.length;
      if (!isFormula(source.slice(width, -width), opening)) return nok(code);
      if (opening === "\\[" && code === OPENING_PARENTHESIS) return nok(code); // an escaped link
      return opening === "$" ? effects.check(suffix, ok, nok)(code) : ok(code);
    };
    return inside;
  };

  return (code) => {
    if (code === DOLLAR && !mayOpen(characterOf(this.previous))) return nok(code);
    formula.enter();
    return opens(this, formula, nok, content)(code);
  };
};

function characterOf(code: Code): string {
  return code === null || code < 0 ? " " : String.fromCodePoint(code);
}

/** What follows a closing `$`. */
const suffix: Construct = {
  partial: true,
  tokenize(effects, ok, nok) {
    let letters = "";
    const next: State = (code) => {
      if (code !== null && code >= 0 && letters.length < 4 && /[A-Za-z0-9$]/.test(String.fromCodePoint(code))) {
        if (letters === "") effects.enter("formulaSuffix");
        letters += String.fromCodePoint(code);
        effects.consume(code);
        return next;
      }
      if (letters !== "") effects.exit("formulaSuffix");
      return SUFFIX.test(letters) ? ok(code) : nok(code);
    };
    return next;
  },
};

/** On lines of its own, without an empty line. */
const tokenizeBlock: Tokenizer = function (effects, ok, nok) {
  const formula = formulaWriter(effects, "formulaBlock");
  const content = (opening: Opening): State => {
    if (!isDisplay(opening)) return nok;
    const from = this.now().offset;
    let length = 0;
    let isEmptyLine = false;
    const inside: State = (code) => {
      if (code === null || length++ > MAX_DISPLAY_CHARACTERS || (isLineEnd(code) && isEmptyLine)) {
        fails(this, opening, from);
        return nok(code);
      }
      if (isLineEnd(code)) {
        // It ends the paragraph before it, whatever follows: a parser that reads line by line cannot know.
        if (this.interrupt) return ok(code);
        formula.consume(code);
        isEmptyLine = true;
        return lineStart;
      }
      if (!isBlank(code)) isEmptyLine = false;
      formula.consume(code);
      if (code === BACKSLASH) return afterBackslash(formula, opening, inside, closed);
      return code === DOLLAR && opening === "$$" ? secondDollar : inside;
    };
    const lineStart: State = (code) => (this.parser.lazy[this.now().line] ? nok(code) : inside(code));
    const secondDollar: State = (code) => {
      if (code !== DOLLAR) return inside(code);
      formula.consume(code);
      return afterDollars;
    };
    const afterDollars: State = (code) => (code === DOLLAR ? nok(code) : closed(code));
    const closed: State = (code) => {
      const source = this.sliceSerialize(formula.exit());
      return isFormula(source.slice(2, -2), opening, true) ? rest(code) : nok(code);
    };
    const rest: State = (code) => {
      if (code === null || isLineEnd(code)) return ok(code);
      if (!isBlank(code)) return nok(code);
      effects.enter("whitespace");
      effects.consume(code);
      effects.exit("whitespace");
      return rest;
    };
    return inside;
  };

  return (code) => {
    formula.enter();
    return opens(this, formula, nok, content)(code);
  };
};

const text: Construct = { name: "formulaText", tokenize: tokenizeText };
const block: Construct = { name: "formulaBlock", tokenize: tokenizeBlock, concrete: true };

export const formulaSyntax: Extension = {
  text: { [DOLLAR]: text, [BACKSLASH]: text },
  flow: { [DOLLAR]: block, [BACKSLASH]: block },
};

const enter = (isBlock: boolean): Handle =>
  function (token) {
    this.enter({ type: "formula", value: this.sliceSerialize(token), isBlock }, token);
  };

const exit: Handle = function (token) {
  this.exit(token);
};

export const formulaFromMarkdown: FromMarkdownExtension = {
  enter: { formulaText: enter(false), formulaBlock: enter(true) },
  exit: { formulaText: exit, formulaBlock: exit },
};
