import type { Tensor } from '../core/model';
import { el, replaceChildren } from './dom';
import { axisLabel } from './valuesAxes';

export interface AxisSelect {
  readonly element: HTMLElement;
  show(tensor: Tensor, axis: number | undefined): void;
}

/** Which axis a picture's rows or columns are. */
export function axisSelect(label: string, onChange: (axis: number) => void): AxisSelect {
  const select = el('select', { on: { change: () => onChange(Number(select.value)) } });
  let of: Tensor | undefined;
  return {
    element: el('label', { class: 'selector' }, el('span', {}, label), select),
    show: (tensor, axis) => {
      if (of !== tensor) replaceChildren(select, ...tensor.shape.map((_, one) => el('option', { attributes: { value: one } }, axisLabel(tensor, one))));
      of = tensor;
      select.value = String(axis);
    },
  };
}

export interface AxisSliders {
  readonly element: HTMLElement;
  /** One for each of `axes`; `at` has an index for every axis of the tensor. */
  show(tensor: Tensor, axes: readonly number[], at: readonly number[]): void;
}

/** Where the axes that the picture does not show are cut. */
export function axisSliders(onChange: (axis: number, index: number) => void): AxisSliders {
  const element = el('div', { class: 'values-sliders' });
  let of: Tensor | undefined;
  let shown = '';
  return {
    element,
    show: (tensor, axes, at) => {
      if (of !== tensor || shown !== axes.join(',')) replaceChildren(element, ...axes.map((axis) => slider(tensor, axis, at[axis]!, onChange)));
      of = tensor;
      shown = axes.join(',');
      for (const input of element.querySelectorAll('input')) {
        const value = String(at[Number(input.dataset['axis'])]!);
        // A person types into it.
        if (input.value !== value && input !== document.activeElement) input.value = value;
      }
    },
  };
}

function slider(tensor: Tensor, axis: number, index: number, onChange: (axis: number, index: number) => void): HTMLElement {
  const last = tensor.shape[axis]! - 1;
  const input = (type: 'range' | 'number'): HTMLInputElement => el('input', {
    attributes: { type, min: 0, max: last, step: 1, value: index, 'data-axis': axis, 'aria-label': `${axisLabel(tensor, axis)}, index` },
    on: { input: (event) => {
      const value = Math.round(Number((event.target as HTMLInputElement).value));
      if (Number.isFinite(value)) onChange(axis, Math.max(0, Math.min(last, value)));
    } },
  });
  return el('label', { class: 'values-slider' }, el('span', {}, axisLabel(tensor, axis)), input('range'), input('number'));
}
