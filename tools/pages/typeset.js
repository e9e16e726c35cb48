// Runs in V8 while the book is built, after MathJax's own files: one formula in, its HTML out.
const { TeX } = MathJax._.input.tex_ts, { CHTML } = MathJax._.output.chtml_ts;
const { TeXFont } = MathJax._.output.chtml.fonts.tex_ts;
const adaptor = MathJax._.adaptors.liteAdaptor.liteAdaptor();
MathJax._.a11y["assistive-mml"].AssistiveMmlHandler(
  MathJax._.handlers.html_ts.RegisterHTMLHandler(adaptor));
const output = new CHTML({ font: new TeXFont({ fontURL: "mathjax" }), adaptiveCSS: false });
const page = MathJax._.mathjax.mathjax.document("", {
  InputJax: new TeX({
    packages: ["base", "ams", "newcommand", "boldsymbol", "cases", "mathtools"],
    formatError(jax, error) { throw new Error(error.message); },
  }),
  OutputJax: output,
});

function typeset(tex, display) { return adaptor.outerHTML(page.convert(tex, { display })); }
function styles() { return adaptor.textContent(output.styleSheet(page)); }
