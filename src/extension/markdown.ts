/**
 * Text of a file as Markdown that shows it literally: no link, picture, HTML, table cell or emphasis can come out of it.
 * CommonMark lets every ASCII punctuation character be escaped. Control and direction characters are shown by their code.
 */
export function escapeMarkdown(text: string): string {
  return visible(text).replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** Plain text in which characters that move or hide others (controls, bidirectional marks, line ends) are shown by their code. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `‹U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}›`);
}

/** Quick picks and the status bar turn `$(name)` into an icon: a name from a file must stay text there. */
export function escapeIcons(text: string): string {
  return visible(text).replace(/\$\(/g, '\\$(');
}

/** Notifications turn `[text](target)` into a link that may run a command: a name from a file must stay text there. */
export function escapeNotification(text: string): string {
  return visible(text).replace(/\]\(/g, '] (');
}

/** A longer name would push everything else out of a hover. */
const LONGEST_NAME = 200;

/** The middle of an overlong name gives way: its ends tell it from others. */
export function shorten(text: string, longest = LONGEST_NAME): string {
  if (text.length <= longest) return text;
  const kept = Math.floor((longest - 1) / 2);
  return `${text.slice(0, kept)}…${text.slice(-kept)}`;
}

/** What still leaves room for the figures in a row of a side bar of ordinary width. */
const LONGEST_ROW_NAME = 24;

/** A long path by its last parts, which tell layers of a network apart: "…/conv1d_3". Short names stay whole. */
export function rowName(name: string, longest = LONGEST_ROW_NAME): string {
  const shown = visible(name);
  if (shown.length <= longest) return shown;
  const parts = shown.split('/');
  let end = parts.pop()!;
  while (parts.length > 0 && end.length + parts[parts.length - 1]!.length + 1 <= longest) end = `${parts.pop()}/${end}`;
  return parts.length > 0 ? `…/${end}` : end;
}
