import type { Role } from '../core/model';
import { mix } from './colour';
import type { Column } from './overviewMarks';
import type { OverviewColour } from './state';
import type { Theme } from './theme';

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
}

export function legendOf(colour: OverviewColour, theme: Theme, present: ReadonlySet<string>): LegendEntry[] {
  return Object.entries(palette(colour, theme)).filter(([key]) => present.has(key)).map(([, entry]) => entry);
}

/** The colour class of a column, a key of its palette. */
export function colourKey({ severity, nearZero, role }: Column, colour: OverviewColour): string {
  switch (colour) {
    case 'severity':
      return severity === null || severity === 'info' ? 'calm' : severity;
    case 'nearZero':
      return nearZero === null ? 'unknown' : String(NEAR_ZERO_STEPS.findIndex((step) => nearZero <= step));
    case 'role':
      return role === undefined ? 'other' : ROLE_CLASS[role];
  }
}

const NEAR_ZERO_STEPS = [0.2, 0.5, 0.8, 0.95, 1] as const;

const ROLE_CLASS: Readonly<Record<Role, string>> = {
  kernel: 'kernel', embedding: 'embedding', head: 'kernel', adapter: 'kernel', bias: 'bias',
  normScale: 'norm', normShift: 'norm', runningMean: 'norm', runningVariance: 'norm',
  quantization: 'other', optimizer: 'other', constant: 'other', other: 'other',
};

export function palette(colour: OverviewColour, theme: Theme): Readonly<Record<string, LegendEntry>> {
  switch (colour) {
    case 'severity':
      return {
        error: { label: 'error', colour: theme.error },
        warning: { label: 'warning', colour: theme.warning },
        calm: { label: 'no warning', colour: theme.blue },
      };
    case 'nearZero': {
      const labels = ['≤ 20 %', '≤ 50 %', '≤ 80 %', '≤ 95 %', '> 95 %'];
      const steps = labels.map((label, i) => [String(i), { label, colour: mix(theme.blue, theme.orange, i / (labels.length - 1)) }]);
      return { ...(Object.fromEntries(steps) as Record<string, LegendEntry>), unknown: { label: 'unknown', colour: theme.muted } };
    }
    case 'role':
      return {
        kernel: { label: 'kernel', colour: theme.blue },
        embedding: { label: 'embedding', colour: theme.green },
        norm: { label: 'normalization', colour: theme.orange },
        bias: { label: 'bias', colour: theme.purple },
        other: { label: 'other', colour: theme.muted },
      };
  }
}
