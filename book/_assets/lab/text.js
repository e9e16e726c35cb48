// The laboratory's one global, and its sentences: text.ko.js and text.en.js hold them by section.
globalThis.cnnlab ??= {};
(() => {
  const languages = new Map();

  // addText("ko", {section: {key: "… {name} …"}}) adds sections of one language.
  cnnlab.addText = (language, sections) => {
    if (!languages.has(language)) languages.set(language, new Map());
    for (const [section, sentences] of Object.entries(sections))
      for (const [key, sentence] of Object.entries(sentences))
        languages.get(language).set(`${section}.${key}`, sentence);
  };

  // The page's language where its sentences are loaded, else the first that is.
  cnnlab.language = () => {
    const page = globalThis.document?.documentElement.lang.slice(0, 2);
    return languages.has(page) ? page : [...languages.keys()][0];
  };

  // text("section.key", {name: value}) is the sentence, with {name} replaced by the value.
  cnnlab.text = (key, values = {}) => {
    const sentence = languages.get(cnnlab.language())?.get(key);
    if (sentence === undefined) throw new Error(`no text for ${key}`);
    return sentence.replace(/\{(\w+)\}/g, (_, name) => {
      if (!Object.hasOwn(values, name)) throw new Error(`no value for {${name}} of ${key}`);
      return String(values[name]);
    });
  };
})();
