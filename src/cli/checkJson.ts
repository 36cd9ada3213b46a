import type { Finding, Severity } from '../core/rules/rule';
import type { SilencedBy } from '../core/silences/silenceFile';
import { hasFailed } from './check';
import type { CheckResult, CheckedModel } from './check';
import type { FailLevel } from './options';

/** Raised when a property changes its name or meaning. */
const SCHEMA_VERSION = 1;

/** What `weightgram check --format json` prints. */
export interface CheckReport {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly failOn: FailLevel;
  readonly failed: boolean;
  readonly models: readonly {
    /** As it was given. */
    readonly file: string;
    readonly format: string;
    readonly findings: readonly PlacedFinding[];
    readonly silenced: readonly (PlacedFinding & { readonly silencedBy: SilencedBy })[];
  }[];
  readonly unreadable: readonly { readonly file: string; readonly reason: string }[];
  /** About `.weightgram.json` files and baselines. */
  readonly complaints: readonly { readonly file: string; readonly line: number; readonly column: number; readonly severity: 'error' | 'warning'; readonly message: string }[];
  readonly summary: Readonly<Record<'errors' | 'warnings' | 'notes' | 'silenced', number>>;
}

/** A finding, and where in the model file its subject stands: line and column from 1. */
export type PlacedFinding = Finding & { readonly line: number; readonly column: number };

export function checkReport(result: CheckResult, failOn: FailLevel): CheckReport {
  const { models, unreadable, complaints } = result;
  const count = (severity: Severity): number => models.reduce((sum, { judgement }) => sum + judgement.findings.filter((finding) => finding.severity === severity).length, 0);
  return {
    schemaVersion: SCHEMA_VERSION,
    failOn,
    failed: hasFailed(result, failOn),
    models: models.map((model) => ({
      file: model.file,
      format: model.model.format,
      findings: model.judgement.findings.map((finding) => placed(finding, model)),
      silenced: model.judgement.silenced.map(({ finding, by }) => ({ ...placed(finding, model), silencedBy: by })),
    })),
    unreadable: unreadable.map(({ file, error }) => ({ file, reason: error })),
    complaints: complaints.map(({ path, place, severity, message }) => ({ file: path, line: place.line, column: place.column, severity, message })),
    summary: { errors: count('error'), warnings: count('warning'), notes: count('info'), silenced: models.reduce((sum, { judgement }) => sum + judgement.silenced.length, 0) },
  };
}

function placed(finding: Finding, { anchorOf }: CheckedModel): PlacedFinding {
  const { startLine, startColumn } = anchorOf(finding.subject);
  return { ...finding, line: startLine + 1, column: startColumn + 1 };
}
