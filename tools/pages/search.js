
// Search reads through the text of the book (search-text.js, which search.py writes) for every query.
// A query falls into pieces: the longest runs of its words that the book, or a name of one of its
// terms, has, whether they are written together or apart. Pages are ranked by where a piece stands
// (title, headings, text), by how often it does for their length, and by what the glossary says.

const HANGUL = "가-힣";
const LETTER = "[\\p{L}\\p{N}]";
const PARTICLE = "(?:입니다|이에요|예요|에서는|으로|에서|에게|부터|까지|처럼|보다|이란|라는|은|는|이|가|을|를|의|에|와|과|로|도|만|란)";
const GAP = "[\\s·-]*";
const NUMBER = /^(?:\d+장|(?:Chapter )?\d+)\.\s+/; // of a chapter, before its title
const LIMITS = { words: 12, letters: 40, run: 4 };

const isHangul = (text) => /^[가-힣]+$/.test(text);
const squeezed = (text) => text.normalize("NFC").toLowerCase().replace(/[^\p{L}\p{N}×]/gu, "");
const wordsOf = (text) => text.normalize("NFC").match(/[\p{L}\p{N}_×]+/gu) ?? [];
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\\/]/g, "\\$&").replace(/(?<=\d)[x×](?=\d)/gi, "[x×]");
const bare = (text) => text.replace(new RegExp(`(?<=[\\p{L}\\d]{2})${PARTICLE}$`, "u"), "");
const count = (text, pattern) => text.match(pattern)?.length ?? 0;

class Finder {
  constructor(book) {
    this.pages = book.pages.map(([name, sections, code]) => ({
      name,
      sections: sections.map(([heading, text, exercise]) => ({ heading, text, exercise })),
      code: code.split(" "),
      title: sections[0]?.[0] ?? name,
      length: sections.reduce((sum, [, text]) => sum + text.length, 0),
      chapter: /^\d/.test(name),
    }));
    this.mean = this.pages.reduce((sum, page) => sum + page.length, 0) / this.pages.length;
    this.text = book.pages.map(([, sections, code]) =>
      [...sections.map((section) => section.slice(0, 2).join("\n")), code].join("\n")).join("\n").toLowerCase();
    this.groups = new Map(); // squeezed name → [page, name, name, …], in each of which it stands
    for (const group of book.groups)
      for (const name of group.slice(1))
        this.groups.set(squeezed(name), [...(this.groups.get(squeezed(name)) ?? []), group]);
    this.known = new Map(); // pattern → whether the book has it
    const stemmer = new Stemmer();
    this.stem = (word) => stemmer.stemWord(word);
    this.forms = new Map(); // stem → the words of the book that have it
    for (const word of new Set(this.text.match(/[a-z][a-z\d_]*/g))) {
      const stem = this.stem(word);
      this.forms.set(stem, [...(this.forms.get(stem) ?? []), word]);
    }
  }

  // --- from a query to patterns ---

  // loose: its letters may have spaces between them.
  wordPattern(word, loose) {
    if (!isHangul(word) && /^[a-z]/i.test(word)) {
      const forms = this.forms.get(this.stem(word.toLowerCase()));
      if (forms) return `(?:${forms.map(escaped).join("|")})`;
    }
    return loose ? [...word].map(escaped).join(GAP) : escaped(word);
  }

  pattern(text, loose = false) {
    const words = wordsOf(text);
    const last = words.at(-1);
    const before = isHangul(words[0][0]) ? `(?<![${HANGUL}])` : "(?<![\\p{L}\\p{N}_])";
    const after = last.length === 1 && isHangul(last) ? `(?=${PARTICLE}?(?![${HANGUL}]))`
      : isHangul(last.at(-1)) || loose ? "" : "(?![a-z\\d_])";
    return before + words.map((word) => this.wordPattern(word, loose)).join(`의?${GAP}`) + after;
  }

  has(pattern) {
    if (!this.known.has(pattern)) this.known.set(pattern, new RegExp(pattern, "iu").test(this.text));
    return this.known.get(pattern);
  }

  // Whether it takes particles in the book: 고양이 and 정확도 do, 패딩이 does not.
  isNoun(word) {
    return this.text.includes(word.toLowerCase()) && this.has(`(?<![${HANGUL}])${escaped(word)}(?:은|는|이|가|을|를|의|와|과|로)(?![${HANGUL}])`);
  }

  // Return what a run of words is in this book, or nothing. loosely: with spaces inside a word.
  piece(run, loosely = run.length === 1) {
    const text = run.join(" ");
    const stem = bare(text);
    const known = (name) => {
      const groups = this.groups.get(squeezed(name));
      if (!groups) return;
      const names = [...new Set(groups.flatMap((group) => group.slice(1)))];
      const pattern = names.map((other) => this.pattern(other)).join("|");
      return this.has(pattern) && { text: name, pattern, groups, near: groups };
    };
    const written = (name, loose) => {
      if (!loose && run.length === 1 && isHangul(name) && !this.text.includes(name)) return;
      const pattern = this.pattern(name, loose);
      const near = wordsOf(name).flatMap((word) => this.groups.get(squeezed(word)) ?? []);
      return this.has(pattern) && { text: name, pattern, groups: [], near };
    };
    const nouns = stem === text || this.isNoun(text) ? [text] : [stem, text];
    const one = run.length > 1 ? text.replace(/(?<=\w)s$/, "") : text; // feature maps
    const tries = [...new Set([text, stem, one])].map((name) => () => known(name));
    for (const name of nouns) tries.push(() => written(name, false));
    if (loosely)
      for (const name of nouns) if (name.length > 2) tries.push(() => written(name, true));
    for (const attempt of tries) {
      const found = attempt();
      if (found) return found;
    }
  }

  // Return a word as two or more nouns and names that were written together, or nothing.
  apart(word) {
    for (let cut = word.length - 1; cut >= 2; cut--) {
      const [left, right] = [word.slice(0, cut), word.slice(cut)];
      const first = this.solid(left);
      const rest = first && (this.solid(right) ? [this.solid(right)] : this.apart(right));
      if (rest) return [first, ...rest];
    }
  }

  solid(part) {
    const found = this.piece([part], false);
    return found && (found.groups.length || (part.length > 1 && this.isNoun(part))) && found;
  }

  // Return {pieces, unknown} of a query.
  parse(query) {
    const words = [...new Set(wordsOf(query))].slice(0, LIMITS.words)
      .map((word) => word.slice(0, LIMITS.letters));
    const pieces = [], unknown = [];
    while (words.length) {
      let length = Math.min(words.length, LIMITS.run), found;
      for (; length > 0 && !found; length--) found = this.piece(words.slice(0, length));
      if (found) {
        const run = words.splice(0, length + 1);
        // Side by side they count more, but a page may have them apart.
        if (run.length > 1 && !found.groups.length)
          pieces.push(...run.map((word) => this.piece([word])).filter((piece) => piece), { ...found, extra: run.length });
        else pieces.push(found);
      } else {
        const word = words.shift();
        const parts = this.apart(word);
        if (parts) pieces.push(...parts);
        else unknown.push(word);
      }
    }
    return { pieces, unknown };
  }

  // --- from patterns to pages ---

  // How much of a heading a piece is: 패딩 is all of 패딩, half of 패딩의 크기, less of 패딩층.
  share(heading, piece) {
    const plain = heading.replace(NUMBER, "");
    const whole = plain.match(new RegExp(`(?:${piece.pattern})${PARTICLE}?(?!${LETTER})`, "iu"));
    const found = whole ?? plain.match(new RegExp(piece.pattern, "iu"));
    if (!found) return plain !== heading && new RegExp(`^(?:${piece.pattern})`, "iu").test(heading) ? 1 : 0;
    const share = Math.min(1, (squeezed(found[0]).length + 1) / (squeezed(plain).length + 1));
    return (0.5 + share / 2) * (whole ? 1 : 0.6);
  }

  // Return {page, score, section} for a page and the pieces that it has, the best first.
  rank(pieces) {
    const weighed = pieces.map((piece) => {
      const pattern = new RegExp(piece.pattern, "giu");
      const rows = this.pages.map((page) => {
        const sections = page.sections.map(({ heading, text, exercise }) => ({
          heading: this.share(heading, piece), often: count(text, pattern), weight: exercise ? 0.25 : 1,
        }));
        const often = sections.reduce((sum, section) => sum + section.often * section.weight, 0);
        const code = page.code.some((name) => name.match(pattern)?.[0] === name);
        const title = sections[0]?.heading ?? 0;
        const headings = Math.min(1, sections.slice(1).reduce((sum, { heading, weight }) => sum + heading * weight, 0) / 2);
        const frequency = often / (often + 4 * (0.3 + 0.7 * page.length / this.mean));
        const first = piece.near.some((group) => group[0] === page.name) ? 0.6 : 0;
        const score = 3 * title + 1.5 * headings + (page.chapter ? 1 : 0.4) *
          (1.5 * frequency + first + (often ? 0.2 : code ? 0.1 : 0));
        return { has: often > 0 || title > 0 || headings > 0 || code, score, sections };
      });
      const holding = rows.filter((row) => row.has).length;
      return { rows, rarity: Math.log(1 + this.pages.length / (holding || 1)) };
    });
    return this.pages.map((page, at) => {
      const of = weighed.map(({ rows, rarity }, number) => ({ ...rows[at], rarity, extra: pieces[number].extra }));
      const needed = of.filter(({ extra }) => !extra);
      // The section that says most about most of the pieces.
      const worth = page.sections.map((_, number) => of.reduce((sum, { sections, rarity }) => {
        const { heading, often, weight } = sections[number];
        return sum + rarity * weight * (2 * heading + Math.min(often, 4) / 4 + (often ? 0.5 : 0));
      }, 0));
      const best = worth.indexOf(Math.max(...worth));
      const together = needed.length > 1 && needed.every(({ sections }) => sections[best].often || sections[best].heading);
      const has = needed.filter((row) => row.has).length / needed.length;
      const sum = of.reduce((sum, row) => sum + row.rarity * row.score * (row.extra ?? 1), 0);
      return { page, section: best, has, score: sum * (together ? 1.3 : 1) * has };
    }).filter(({ has }) => has).sort((a, b) => b.score - a.score);
  }

  // Return the sentences of a section that say something of the pieces; code for a name in code alone.
  excerpt(page, number, pieces) {
    const patterns = pieces.map((piece) => new RegExp(piece.pattern, "iu"));
    const hits = (text) => patterns.filter((pattern) => pattern.test(text)).length;
    const all = page.sections[number].text.split("\n").filter((line) => line);
    const prose = all.filter((line) => !line.startsWith("\t"));
    const best = (lines) => lines.reduce((one, other) => hits(other) > hits(one) ? other : one, "");
    const line = best(prose) || best(all) || prose[0] || all[0] || "";
    const sentences = line.trim().split(/(?<=[.?!])\s+/);
    const first = Math.max(0, sentences.indexOf(best(sentences)));
    let text = sentences[first];
    for (const next of sentences.slice(first + 1)) if (text.length + next.length < 160) text += ` ${next}`; else break;
    if (text.length <= 240) return text;
    const start = Math.max(0, text.search(patterns.find((pattern) => pattern.test(text)) ?? /^/) - 80);
    return (start ? "…" : "") + text.slice(start, start + 220).replace(/\s\S*$/, "") + "…";
  }

  // --- what was not found ---

  // Return up to three words of the book that look like a word, or are called what looks like it.
  near(word) {
    if (word.length < 2) return [];
    const letters = (text) => squeezed(text).normalize("NFD");
    const wanted = letters(word), away = new Map();
    const rate = (name, ours) => {
      const share = distance(wanted, letters(name)) / Math.max(wanted.length, 3);
      if (share <= 0.34) away.set(ours, Math.min(share, away.get(ours) ?? 1));
    };
    for (const [name, [group]] of this.groups) rate(name, group);
    for (const page of this.pages)
      for (const { heading } of page.sections)
        for (const name of wordsOf(heading).map(bare)) if (!this.groups.has(squeezed(name))) rate(name, ["", name]);
    return [...away].sort((a, b) => a[1] - b[1])
      .map(([group]) => group.slice(1).find((name) => this.has(this.pattern(name))))
      .filter((name) => name).slice(0, 3);
  }

  // Return {pages, pieces, unknown, some}; some: no page has all the pieces.
  find(query) {
    const { pieces, unknown } = this.parse(query);
    const ranked = pieces.length ? this.rank(pieces) : [];
    const pages = ranked.filter(({ has, score }) => has === 1 || score > ranked[0].score / 3);
    const some = pages.length > 0 && pages.every(({ has }) => has < 1);
    return { pages, pieces, unknown, some };
  }
}

// How many letters must be put in, left out or changed (Levenshtein).
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] !== b[j - 1])));
    row = next;
  }
  return row.at(-1);
}

// --- the search page ---

function show(book, out) {
  const { words } = book;
  const make = (tag, parent, text = "", attributes = {}) => {
    const made = parent.appendChild(document.createElement(tag));
    made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const query = (new URLSearchParams(location.search).get("q") ?? "").normalize("NFC").trim();
  const input = document.querySelector(".bd-search-container input[name=q]");
  const say = make("p", out, "", { class: "search-summary", role: "status" });
  input.value = query;
  if (!wordsOf(query).length) {
    say.textContent = words.ask;
    input.focus();
    return;
  }
  document.title = `${query} · ${document.title}`;
  const finder = new Finder(book);
  const { pages, pieces, unknown, some } = finder.find(query);
  const marked = new RegExp(pieces.map((piece) => piece.pattern).join("|") || "(?!)", "giu");
  const mark = (parent, text) => {
    let end = 0;
    for (const found of text.matchAll(marked)) {
      parent.append(text.slice(end, found.index));
      make("mark", parent, found[0]);
      end = found.index + found[0].length;
    }
    parent.append(text.slice(end));
  };
  const link = (parent, text, address) => make("a", parent, text, { href: address });
  const search = (text, page = "search.html") => `${page}?q=${encodeURIComponent(text)}`;

  say.textContent = [
    pages.length ? words.found.replace("{}", pages.length) : words.none,
    some ? words.some : "",
    pages.length && unknown.length ? words.unknown.replace("{}", unknown.join(", ")) : "",
  ].filter((part) => part).join(" ");
  const near = [...new Set(unknown.flatMap((word) => finder.near(word)))];
  if (near.length) {
    const line = make("p", out, `${words.near} `, { class: "search-near" });
    near.forEach((name, at) => {
      if (at) line.append(", ");
      link(line, name, search(name));
    });
  }
  const glossary = finder.pages.find(({ name }) => name === "glossary");
  const [term] = pieces.length === 1 ? pieces[0].groups : [];
  const row = glossary && term && glossary.sections.flatMap(({ text }) => text.split("\n"))
    .find((line) => line[0] === "\t" && term.includes(line.slice(1).split(/ \(| · /)[0]));
  if (row) { // of three columns, or of four with the word in English
    const [name, ...parts] = row.slice(1).split(" · ");
    const line = make("p", out, "", { class: "search-term" });
    make("strong", line, name);
    line.append(`${parts.length > 2 ? ` (${parts.shift()})` : ":"} ${parts[0]} `);
    link(line, glossary.title, "glossary.html");
  }
  const list = make("ol", out, "", { class: "search" });
  for (const { page, section } of pages) {
    const item = make("li", list);
    link(item, page.title, `${page.name}.html`);
    const text = finder.excerpt(page, section, pieces);
    const { heading } = page.sections[section];
    const line = make("p", item);
    if (section > 0) link(line, heading, `${page.name}.html#part-${section}`).className = "search-section";
    mark(make("span", line), text);
  }
  if (!pages.length && glossary) link(make("p", out), words.glossary, "glossary.html");
  if (book.whole) link(make("p", out), words.whole, search(query, book.whole)).className = "search-whole";
}

if (globalThis.document) show(book, document.getElementById("search-results"));
