// Runs in the page before its own script: what VS Code gives a webview. Plain JavaScript, since it never passes a bundler.
(() => {
  const { kept, theme } = globalThis.harness;

  globalThis.kept = kept;
  globalThis.acquireVsCodeApi = () => ({
    postMessage: (message) => globalThis.toHost(message),
    getState: () => globalThis.kept,
    setState: (next) => {
      globalThis.kept = next;
    },
  });

  globalThis.applyTheme = ({ variables, bodyClass }) => {
    document.documentElement.removeAttribute('style');
    for (const [name, value] of Object.entries(variables)) document.documentElement.style.setProperty(name, value);
    if (document.body) document.body.className = bodyClass;
  };

  // The body is not there yet, and the page's script runs as soon as it is.
  new MutationObserver((_, observer) => {
    if (document.documentElement) globalThis.applyTheme(theme);
    if (document.body) observer.disconnect();
  }).observe(document, { childList: true, subtree: true });
})();
