/** The theme's colours as the charts need them: resolved, since Plotly does not read CSS variables. */
export interface Theme {
  readonly foreground: string;
  readonly muted: string;
  readonly background: string;
  readonly grid: string;
  readonly focus: string;
  readonly selection: string;
  readonly blue: string;
  readonly orange: string;
  readonly red: string;
  readonly yellow: string;
  readonly green: string;
  readonly purple: string;
  readonly error: string;
  readonly warning: string;
  readonly info: string;
  readonly highContrast: boolean;
  readonly fontFamily: string;
  /** Pixels. */
  readonly fontSize: number;
}
