import type { Assessment } from '../core/assessment';
import { formatBytes, formatCount, formatInteger, formatShare, plural } from '../core/numberText';
import { SEVERITIES } from '../core/rules/rule';
import type { Progress } from '../protocol/pageContract';
import type { Context } from './context';
import { el, replaceChildren, setText, setTip } from './dom';
import { calmIcon, severityIcon, severityWord } from './icons';
import { linkedText } from './linkedText';
import { progressShare, progressWords } from './progressText';
import type { PageData } from './state';

export function createHeader({ store, host, report, select }: Context): HTMLElement {
  const name = el('button', { class: 'model-name', tip: 'Open the file', attributes: { type: 'button' }, on: { click: () => void host.request('openFile', null).catch(report) } });
  const facts = el('span', { class: 'facts' });
  const progressText = el('span', { class: 'progress-text' });
  const action = el('button', { class: 'link', attributes: { type: 'button', hidden: true } });
  const counts = el('div', { class: 'counts' });
  const assessment = el('div', { class: 'assessment', attributes: { role: 'status' } });
  const same = el('p', { class: 'same-weights', attributes: { role: 'status', hidden: true }, tip: 'Every weight has the same extremes, zeros, mean and deviation, whatever it is called and however it lies' });
  const sampled = el('span', { class: 'fact sampled', attributes: { role: 'status' } });
  const readAll = el('button', { class: 'link', tip: 'Reads every value of every tensor, which takes as long as reading the files', attributes: { type: 'button', hidden: true }, on: { click: () => void host.request('readFully', { layer: null }).catch(report) } }, 'Read all');
  const bar = el('div', { class: 'progress-bar' });
  const line = el('div', { class: 'progress-line', attributes: { role: 'progressbar', 'aria-label': 'Analysis', 'aria-valuemin': 0, 'aria-valuemax': 100 } }, bar);
  let act: 'cancel' | 'restart' = 'cancel';
  action.addEventListener('click', () => void host.request(act, null).catch(report));

  const renderProgress = (progress: Progress): void => {
    const share = progressShare(progress);
    line.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    line.dataset['kind'] = progress.kind;
    bar.style.transform = `scaleX(${share})`;
    setText(progressText, progressWords(progress));
    progressText.classList.toggle('failed', progress.kind === 'failed');
    action.hidden = progress.kind === 'done';
    act = progress.kind === 'running' ? 'cancel' : 'restart';
    setText(action, progress.kind === 'running' ? 'Cancel' : 'Restart');
  };

  store.subscribe(({ data }, previous) => {
    if (!data || data === previous.data) return;
    const old = previous.data;
    if (data.model !== old?.model) {
      replaceChildren(name, el('span', { class: 'folder' }, parentFolder(data.model.path)), data.model.name);
      replaceChildren(facts, ...modelFacts(data));
      setTip(facts, modelHover(data));
    }
    if (data.progress !== old?.progress) renderProgress(data.progress);
    if (data.findings !== old?.findings || data.silenced !== old.silenced || data.failures !== old.failures || data.progress.kind !== old.progress.kind) renderCounts(counts, data);
    if (data.sampled?.elements !== old?.sampled?.elements || data.progress.kind !== old?.progress.kind) {
      setText(sampled, data.sampled ? `Sampled: ${formatShare(data.sampled.elements / data.sampled.of)} read` : '');
      readAll.hidden = !data.sampled || data.progress.kind === 'running';
    }
    if (data.sameWeightsAs !== old?.sameWeightsAs) {
      same.hidden = data.sameWeightsAs.length === 0;
      setText(same, sameWords(data.sameWeightsAs));
    }
    if (data.assessment !== old?.assessment && !sameSentences(data.assessment, old?.assessment)) renderAssessment(assessment, data.assessment, select);
  });

  return el('header', { class: 'header' },
    el('div', { class: 'title-row' }, el('h1', {}, name), facts, el('span', { class: 'spacer' }), sampled, readAll, progressText, action),
    el('div', { class: 'health' }, counts, assessment),
    same,
    line);
}

/** More names than this are a list for the Explorer. */
const MOST_NAMED = 4;

function sameWords(names: readonly string[]): string {
  const shown = names.length > MOST_NAMED ? [...names.slice(0, MOST_NAMED - 1), `${formatInteger(names.length - MOST_NAMED + 1)} more`] : names;
  return `Holds the same weights as ${[shown.slice(0, -1).join(', '), shown.at(-1)].filter(Boolean).join(' and ')} in this folder.`;
}

/** The answer comes first; what the file declares and what to try is read by those who want more. */
const SENTENCES_OF_THE_ANSWER = 2;

function renderAssessment(element: HTMLElement, { sentences }: Assessment, select: (layer: string) => void): void {
  const paragraph = (part: Assessment['sentences'], className: string): HTMLElement | undefined => part.length === 0 ? undefined
    : el('p', { class: className }, ...part.flatMap(({ text, layers = [] }) => [...linkedText(text, layers, select), ' ']));
  replaceChildren(element, paragraph(sentences.slice(0, SENTENCES_OF_THE_ANSWER), 'answer'), paragraph(sentences.slice(SENTENCES_OF_THE_ANSWER), 'answer-more'));
}

/** Updates come several times a second: links that a person is about to click stay the same elements. */
function sameSentences(a: Assessment, b: Assessment | undefined): boolean {
  return b !== undefined && a.sentences.length === b.sentences.length && a.sentences.every(({ text }, i) => text === b.sentences[i]!.text);
}

/** Most models are called model.json: their folder tells them apart. */
function parentFolder(path: string): string {
  const folder = path.split(/[\\/]/).at(-2);
  return folder ? `${folder}/` : '';
}

function modelFacts({ model, layersWithWeights }: PageData): HTMLElement[] {
  const fact = (text: string, tip?: string): HTMLElement => el('span', { class: 'fact', ...(tip && { tip }) }, text);
  return [
    fact(model.formatTitle),
    fact(`${formatCount(model.parameters)} weights`, `${formatInteger(model.parameters)} weights in ${plural(model.tensors.length, 'tensor')}`),
    fact(formatBytes(model.bytes), `${formatInteger(model.bytes)} bytes in ${plural(model.files.length, 'file')}`),
    fact(plural(layersWithWeights.length, 'layer'), `${plural(layersWithWeights.length, 'layer')} with weights of ${plural(model.layers.length, 'layer')}`),
  ];
}

function modelHover({ model }: PageData): string {
  return [model.path, model.producer && `The file says of itself: ${model.producer}`].filter(Boolean).join('\n');
}

function renderCounts(counts: HTMLElement, data: PageData): void {
  const chips = SEVERITIES.flatMap((severity) => {
    const count = data.findings.filter((finding) => finding.severity === severity).length;
    if (count === 0) return [];
    return [el('span', { class: `count ${severity}` }, severityIcon(severity), ` ${formatInteger(count)} ${severityWord(severity, count)}`)];
  });
  if (chips.length === 0 && data.progress.kind === 'done') chips.push(el('span', { class: 'count calm' }, calmIcon(), ' no findings'));
  if (data.silenced > 0) {
    const tip = 'Silenced or accepted by the .weightgram.json beside the model. Suspicious Layers in the sidebar lists them.';
    chips.push(el('span', { class: 'count silenced', tip }, `${formatInteger(data.silenced)} silenced`));
  }
  if (data.failures.size > 0) {
    const reasons = [...data.failures].slice(0, 8).map(([index, reason]) => `${data.model.tensors[index]?.name ?? index}: ${reason}`);
    chips.push(el('span', { class: 'count unreadable', tip: reasons.join('\n') }, `${formatInteger(data.failures.size)} unreadable`));
  }
  replaceChildren(counts, ...chips);
}
