const reasons = new WeakMap<Mocha.Runnable, string>();

/** Skips the running test and says why in the summary. */
export function skip(context: Mocha.Context, reason: string): never {
  const runnable = context.test ?? context.currentTest;
  if (runnable) reasons.set(runnable, reason);
  return context.skip();
}

export function skipReason(runnable: Mocha.Runnable): string | undefined {
  return reasons.get(runnable);
}
