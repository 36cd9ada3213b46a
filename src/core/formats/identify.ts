/** What the cheap look at a file says. */
export type Identification =
  /** A registered format; `format` is its id. */
  | { readonly kind: 'model'; readonly format: string; readonly title: string }
  /** Something else, in words that end a sentence: "is an npm package manifest". */
  | { readonly kind: 'other'; readonly is: string };
