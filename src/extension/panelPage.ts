/** Uris as the page may load them, and what it must know before it can ask. */
export interface PageResources {
  readonly cspSource: string;
  /** Cryptographic, new for every page. */
  readonly nonce: string;
  readonly scriptUri: string;
  readonly styleUri: string;
  readonly plotlyUri: string;
  readonly modelPath: string;
  readonly title: string;
}

/** The frame of the panel. Everything a person sees is made by the script. */
export function panelPage(page: PageResources): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="UTF-8">
  <meta http-equiv="Content-Security-Policy" content="${escapeAttribute(contentSecurityPolicy(page))}">
  <meta name="viewport" content="width=device-width, initial-scale=1.0">
  <title>${escapeAttribute(page.title)}</title>
  <link rel="stylesheet" href="${escapeAttribute(page.styleUri)}">
</head>
<body data-plotly-uri="${escapeAttribute(page.plotlyUri)}" data-nonce="${escapeAttribute(page.nonce)}" data-model-path="${escapeAttribute(page.modelPath)}">
  <script nonce="${escapeAttribute(page.nonce)}" src="${escapeAttribute(page.scriptUri)}"></script>
</body>
</html>`;
}

function contentSecurityPolicy({ cspSource, nonce }: PageResources): string {
  return [
    // Nothing that is not named below: no connections, frames, workers, forms or media.
    "default-src 'none'",
    // Our script by its nonce, and Plotly, which that script adds later from the extension's folder.
    `script-src 'nonce-${nonce}' ${cspSource}`,
    // Our sheet; Plotly inserts style elements and style attributes of its own.
    `style-src ${cspSource} 'unsafe-inline'`,
    // Export of a chart draws its SVG through a data: or blob: picture.
    `img-src data: blob: ${cspSource}`,
    // The editor's fonts, where they come as files.
    `font-src ${cspSource}`,
  ].join('; ');
}

function escapeAttribute(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
