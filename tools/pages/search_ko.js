
// Korean joins particles to words. Every beginning of two syllables or more becomes a word of the
// index, in the browser, so that the index itself stays small; a query loses its particle when
// the index does not know it otherwise.
const withoutParticle = (word) => word.replace(
  /(?<=[가-힣])(?:입니다|에서는|으로|에서|에게|부터|까지|처럼|보다|이란|은|는|이|가|을|를|의|에|와|과|로|도|만|란)$/,
  "");
const addBeginnings = (terms) => {
  for (const [word, files] of Object.entries(terms)) {
    if (!/^[가-힣]{2,}$/.test(word)) continue;
    const stem = withoutParticle(word), beginnings = stem.length === 1 ? [stem] : [];
    for (let length = 2; length < word.length; length++) beginnings.push(word.slice(0, length));
    for (const beginning of beginnings)
      terms[beginning] = [...new Set([terms[beginning] ?? [], files].flat())];
  }
};
const setIndex = Search.setIndex;
Search.setIndex = (index) => {
  addBeginnings(index.terms);
  addBeginnings(index.titleterms);
  setIndex(index);
};
const EnglishStemmer = Stemmer;
Stemmer = function () {
  const english = new EnglishStemmer();
  this.stemWord = (word) => {
    if (!/[가-힣]/.test(word)) return english.stemWord(word);
    const { terms, titleterms } = Search._index;
    return word in terms || word in titleterms ? word : withoutParticle(word);
  };
};
// A page opened as a file may not read other pages, so results show no excerpts there.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
