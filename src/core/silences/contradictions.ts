import { plural } from '../numberText';
import { complaintAt } from './jsonTree';
import type { Baseline, Complaint, Place, SilenceFile } from './silenceFile';

type FileParts = Pick<SilenceFile, 'path' | 'silences' | 'thresholds' | 'thresholdPlaces' | 'baseline'>;

/** What cannot all be meant at once, as far as the file itself shows it. Each part keeps its effect; the person decides. */
export function contradictionsIn(file: FileParts): Complaint[] {
  const inline = typeof file.baseline === 'object' ? baselineAgainstThresholds(file, { path: file.path, accepted: file.baseline }) : [];
  return [...repeated(file), ...thresholdsOfSilenced(file), ...inline];
}

/** A threshold was set to see more (or less) of a rule, while what the rule said before is accepted. */
export function baselineAgainstThresholds({ path, thresholdPlaces }: FileParts, { path: baselinePath, accepted }: Baseline): Complaint[] {
  return [...thresholdPlaces].flatMap(([rule, place]) => {
    const own = accepted.filter((one) => one.rule === rule).length;
    if (own === 0) return [];
    const where = baselinePath === path ? 'the baseline' : `the baseline ${baselinePath}`;
    return [warn(path, place, `sets thresholds for ${rule}, while ${where} accepts ${plural(own, 'finding')} of that rule, which ${own === 1 ? 'stays' : 'stay'} hidden whatever the threshold; accept the present findings anew to see what it changes`)];
  });
}

function repeated({ path, silences }: FileParts): Complaint[] {
  const first = new Map<string, number>();
  return silences.flatMap(({ rule, model, subject, index, place }) => {
    const key = JSON.stringify([rule, model, subject]);
    const earlier = first.get(key);
    if (earlier !== undefined) return [warn(path, place, `silences[${index}] says the same as silences[${earlier}]: remove one`)];
    first.set(key, index);
    return [];
  });
}

/** A rule that is silenced everywhere cannot be heard, whatever its thresholds. */
function thresholdsOfSilenced({ path, silences, thresholdPlaces }: FileParts): Complaint[] {
  return silences.filter(({ rule, model, subject }) => model === undefined && subject === undefined && thresholdPlaces.has(rule))
    .map(({ rule, index }) => warn(path, thresholdPlaces.get(rule)!, `sets thresholds for ${rule}, and silences[${index}] silences that rule everywhere: only errors can still show; remove one of the two`));
}

function warn(path: string, place: Place, what: string): Complaint {
  return complaintAt(path, 'warning', place, what);
}
