import type { Finding, Severity } from '../rules/rule';
import type { Thresholds } from '../rules/index';

/** What a team has decided about the findings of the models in one folder and below. */
export const SILENCE_FILE = '.weightgram.json';

/** Where *accept all present findings* writes, where the file above names no other place. */
export const BASELINE_FILE = '.weightgram-baseline.json';

/** Written by people or by quick fixes, an entry at a time: a larger file is something else. */
export const MAX_SILENCE_FILE_CHARACTERS = 4 * 1024 * 1024;

/** Where something stands in a file, for people and editors. */
export interface Place {
  /** In UTF-16 units. */
  readonly offset: number;
  readonly length: number;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** Something in a file that does not do what its author meant. */
export interface Complaint {
  readonly path: string;
  /** Names the file, the place, what is wrong and what to do. */
  readonly message: string;
  /** The same without file and place, where a person sees both already. */
  readonly what: string;
  readonly place: Place;
  /** error: a part of the file, or all of it, has no effect. warning: it has one, perhaps not the one that was meant. */
  readonly severity: 'error' | 'warning';
}

export interface Silence {
  readonly rule: string;
  /** Path of a model relative to the file's folder, with slashes; all models where absent. */
  readonly model?: string;
  /** Name of a layer, weight or model; all where absent. */
  readonly subject?: string;
  readonly reason?: string;
}

export interface PlacedSilence extends Silence {
  /** Index into `silences` of the file. */
  readonly index: number;
  readonly place: Place;
}

/** What identifies a finding from one training run to the next: no figures. */
export interface Fingerprint {
  readonly rule: string;
  /** Path relative to the folder of the file that lists it, with slashes. */
  readonly model: string;
  readonly subject: string;
  readonly severity: Severity;
}

/** Findings that were there when somebody accepted them all. */
export interface Baseline {
  /** The file that lists them: the fingerprints' models are relative to its folder. */
  readonly path: string;
  readonly accepted: readonly Fingerprint[];
}

export interface SilenceFile {
  /** Absolute. */
  readonly path: string;
  readonly silences: readonly PlacedSilence[];
  /** A list in the file itself, or the path of a file of its own, relative to this one's folder. */
  readonly baseline?: readonly Fingerprint[] | string;
  /** Of the key `baseline`, where there is one. */
  readonly baselinePlace?: Place;
  /** Only what is within a rule's own bounds. */
  readonly thresholds: Thresholds;
  /** Of each `thresholds.<rule>` with an effect. */
  readonly thresholdPlaces: ReadonlyMap<string, Place>;
  readonly complaints: readonly Complaint[];
  /** Not JSON, or no object: nothing of it has an effect, and nothing may be written into it. */
  readonly isBroken: boolean;
}

/** Why a finding is not shown. */
export type SilencedBy =
  | { readonly kind: 'silence'; readonly path: string; readonly index: number; readonly reason?: string }
  | { readonly kind: 'baseline'; readonly path: string };

export interface SilencedFinding {
  readonly finding: Finding;
  readonly by: SilencedBy;
}
