// The editor of a page that runs: CodeMirror in the page's own block of code. It stands in a <pre>, so that
// paper, letters, scrolling and printing are the page's (book.css), and marks words with Pygments' short
// names, so that the colours are too, light and dark. tools/live/editor.py makes one file of it.

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore, isolateHistory } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, forceParsing, indentOnInput, indentUnit, syntaxHighlighting, syntaxTree } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { Decoration, EditorView, keymap, ViewPlugin } from "@codemirror/view";
import { styleTags, Tag, tagHighlighter, tags } from "@lezer/highlight";

// --- colours: what the page's highlighter would say of the same word -----------------------------------

const inString = Tag.define();
const python = pythonLanguage.configure({
  props: [
    styleTags({
      'FormatReplacement/"{" FormatReplacement/"}" FormatSpec/... FormatConversion': inString,
      "Decorator/At Decorator/VariableName": tags.meta,
      '"*" "**"': tags.operator, // in f(*values), where CodeMirror sees a keyword
    }),
  ],
});
const pygments = tagHighlighter([
  { tag: tags.keyword, class: "k" }, // and its kinds: for, def, import
  { tag: tags.operatorKeyword, class: "ow" },
  { tag: [tags.bool, tags.null], class: "kc" },
  { tag: tags.number, class: "mi" },
  { tag: [tags.string, tags.special(tags.string)], class: "s2" },
  { tag: inString, class: "si" },
  { tag: tags.escape, class: "se" },
  { tag: tags.comment, class: "c1" },
  { tag: tags.meta, class: "nd" },
  { tag: tags.function(tags.definition(tags.variableName)), class: "nf" },
  { tag: tags.definition(tags.className), class: "nc" },
]);

// CodeMirror's grammar does not tell print from any other name. NAMES comes from Pygments: {class: [word]}.
const known = new Map(Object.entries(NAMES).flatMap(([kind, words]) => words.map((word) => [word, kind])));
const marks = Object.fromEntries(Object.keys(NAMES).map((kind) => [kind, Decoration.mark({ class: kind })]));
const knownNames = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = this.found(view);
    }
    update({ view, startState, state, docChanged, viewportChanged }) {
      if (docChanged || viewportChanged || syntaxTree(startState) !== syntaxTree(state))
        this.decorations = this.found(view);
    }
    found({ state, visibleRanges }) {
      const found = [];
      for (const { from, to } of visibleRanges)
        syntaxTree(state).iterate({
          from,
          to,
          enter(node) {
            if (node.name !== "VariableName" && node.name !== "PropertyName") return;
            const name = state.sliceDoc(node.from, node.to);
            if (known.has(name) && (node.name === "VariableName" || name.startsWith("__")))
              found.push(marks[known.get(name)].range(node.from, node.to));
          },
        });
      return Decoration.set(found);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

// --- looks: the <pre> around it has them; what CodeMirror adds is taken back ---------------------------

const looks = EditorView.theme({
  "&": { width: "fit-content", minWidth: "100%" }, // as wide as the longest line, unless lines wrap: on paper
  "&.cm-focused": { outline: "none" }, // the block has one, below
  ".cm-scroller": { font: "inherit", lineHeight: "inherit", overflow: "visible" },
  ".cm-content": { padding: 0, flexShrink: 1, whiteSpace: "inherit", caretColor: "currentColor" },
  ".cm-line": { padding: 0 },
  "&.cm-focused .cm-matchingBracket": { background: "none", outline: "1px solid currentColor" },
  "&.cm-focused .cm-nonmatchingBracket": { background: "none", outline: "1px dashed currentColor" },
  // Safari on a phone enlarges the page when what takes the keyboard has letters below 16 pixels. It asks the
  // element, not its lines, and these stay as they are on the page: book.css says 0.875rem.
  "@media screen and (pointer: coarse)": {
    ".cm-content": { fontSize: "max(16px, 1em)" },
    ".cm-line": { fontSize: "0.875rem" },
  },
});

// --- keys ----------------------------------------------------------------------------------------------

// Who passes through by keyboard is not held: Tab leaves the editor until something is typed or clicked in it,
// then it indents. Escape makes it leave again, however long one waits (CodeMirror alone waits two seconds).
const tabLeaves = [
  EditorView.domEventHandlers({
    focus: (event, view) => view.setTabFocusMode(!view.dom.matches(":active")),
    pointerdown: (event, view) => view.setTabFocusMode(false),
    keydown: ({ key }, view) => {
      if (key === "Escape") view.setTabFocusMode(true);
    },
  }),
  EditorView.updateListener.of(({ view, transactions }) => {
    if (transactions.some((one) => one.isUserEvent("input") || one.isUserEvent("delete"))) view.setTabFocusMode(false);
  }),
];

function keys({ run, next }) {
  const stay = () => {
    run();
    return true;
  };
  const goOn = () => {
    run();
    next();
    return true;
  };
  return [
    Prec.high(
      keymap.of([
        { key: "Shift-Enter", run: goOn },
        { key: "Ctrl-Enter", mac: "Cmd-Enter", run: stay },
        { mac: "Ctrl-Enter", run: stay },
        { key: "Tab", run: indentMore, shift: indentLess },
      ]),
    ),
    keymap.of([...closeBracketsKeymap, ...historyKeymap, ...defaultKeymap]),
  ];
}

// --- the editor ----------------------------------------------------------------------------------------

let number = 0;
const withoutLastBreak = (text) => text.replace(/\n$/, ""); // a page's block ends in one, which is no line

/**
 * Put an editor of Python at the end of `parent`, an element of class "highlight" in the article.
 *
 * text: the code. label: its accessible name. words: the table [live] of the edition's words.toml. run, next:
 * called without arguments, by Shift-Enter both, by Ctrl-Enter or Cmd-Enter the first. changed: called when
 * the text is another.
 * Returns {view, text(), setText(text), focus(), destroy()}; view is CodeMirror's. setText can be undone;
 * destroy leaves the parent as it was. A page with a Content-Security-Policy needs style-src 'unsafe-inline'.
 */
window.cnnbookEditor = ({ parent, text, label, words, run, next, changed }) => {
  const box = Object.assign(document.createElement("pre"), { tabIndex: -1 }); // no stop of its own where it scrolls
  const about = Object.assign(document.createElement("span"), {
    id: `live-editor-keys-${++number}`,
    hidden: true,
    textContent: words.editor_keys,
  });
  parent.append(box, about);
  const view = new EditorView({
    parent: box,
    doc: withoutLastBreak(text),
    extensions: [
      keys({ run, next }),
      tabLeaves,
      history(),
      python,
      indentUnit.of("    "),
      EditorState.phrases.of({ "Selection deleted": words.editor_deleted }), // all that CodeMirror says here
      EditorView.scrollMargins.of(() => ({ bottom: 80 })), // the page's bar covers as much of the window
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      syntaxHighlighting(pygments),
      knownNames,
      looks,
      EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": about.id }),
      EditorView.updateListener.of(({ docChanged, focusChanged }) => {
        if (docChanged) changed?.();
        if (focusChanged) box.style.outline = view.hasFocus ? "2px solid var(--pst-color-primary, currentColor)" : "";
      }),
    ],
  });
  box.onfocus = () => view.focus(); // a click beside the code
  forceParsing(view, view.state.doc.length, 200); // ms: no flash of uncolored code on a slow machine
  return {
    view,
    text: () => view.state.doc.toString(),
    setText: (text) =>
      view.dispatch({
        changes: { from: 0, to: view.state.doc.length, insert: withoutLastBreak(text) },
        annotations: isolateHistory.of("full"), // undone by itself, however soon it came after typing
      }),
    focus: () => view.focus(),
    destroy() {
      view.destroy();
      box.remove();
      about.remove();
    },
  };
};
