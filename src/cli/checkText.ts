import { plural } from '../core/numberText';
import type { Severity } from '../core/rules/rule';
import type { CheckResult, CheckedModel } from './check';
import type { TableStyle } from './layerTable';
import { findingLines } from './reportText';
import { plainSpaces, visible } from './terminal';

/** What `weightgram check` prints for people: model by model, then a sum. */
export function checkText(result: CheckResult, style: TableStyle): string {
  const { models, written } = result;
  const blocks = models.map((model) => modelLines(model, style));
  const sum = models.length > 1 ? [[style.paint('bold', `${plural(models.length, 'model')}: ${countWords(models)}`)]] : [];
  const accepted = (written ?? []).map(({ path, accepted: findings, models: count }) => [
    `${plural(findings.length, 'finding')} of ${plural(count, 'model')} ${findings.length === 1 ? 'is' : 'are'} accepted now: ${visible(path)}`,
  ]);
  return [...blocks, ...sum, ...accepted].map((lines) => lines.map(plainSpaces).join('\n')).join('\n\n').concat('\n');
}

function modelLines(model: CheckedModel, style: TableStyle): string[] {
  return [`${style.paint('bold', visible(model.file))}: ${countWords([model])}`, ...findingLines(model.judgement.findings, style, '--format json')];
}

/** "2 errors, 1 warning, 4 notes; 3 silenced". */
function countWords(models: readonly CheckedModel[]): string {
  const findings = models.flatMap(({ judgement }) => judgement.findings);
  const silenced = models.reduce((sum, { judgement }) => sum + judgement.silenced.length, 0);
  const words = (['error', 'warning', 'info'] as const).flatMap((severity: Severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count > 0 ? [plural(count, severity === 'info' ? 'note' : severity)] : [];
  });
  return [words.length > 0 ? words.join(', ') : 'nothing found', ...(silenced > 0 ? [`${silenced} silenced`] : [])].join('; ');
}
