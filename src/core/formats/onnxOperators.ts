import type { Role } from '../model';

/** What the inputs of an operator are for. Names of onnx and com.microsoft; where both have one it means the same. */
export interface OperatorInputs {
  /** Kernels, the likeliest first. */
  readonly kernels?: readonly number[];
  readonly roles?: Readonly<Record<number, Role>>;
}

const NORM: Readonly<Record<number, Role>> = { 1: 'normScale', 2: 'normShift' };
const RECURRENT: OperatorInputs = { kernels: [1, 2], roles: { 3: 'bias' } };

const OPERATORS: Readonly<Record<string, OperatorInputs>> = {
  Conv: { kernels: [1], roles: { 2: 'bias' } },
  FusedConv: { kernels: [1], roles: { 2: 'bias' } },
  NhwcConv: { kernels: [1], roles: { 2: 'bias' } },
  NhwcFusedConv: { kernels: [1], roles: { 2: 'bias' } },
  ConvTranspose: { kernels: [1], roles: { 2: 'bias' } },
  ConvTransposeWithDynamicPads: { kernels: [1], roles: { 3: 'bias' } },
  DeformConv: { kernels: [1], roles: { 3: 'bias' } },
  ConvInteger: { kernels: [1], roles: { 2: 'quantization', 3: 'quantization' } },
  QLinearConv: { kernels: [3], roles: { 1: 'quantization', 2: 'quantization', 4: 'quantization', 5: 'quantization', 6: 'quantization', 7: 'quantization', 8: 'bias' } },
  QLinearConvTranspose: { kernels: [3], roles: { 1: 'quantization', 2: 'quantization', 4: 'quantization', 5: 'quantization', 6: 'quantization', 7: 'quantization', 8: 'bias' } },
  Gemm: { kernels: [1, 0], roles: { 2: 'bias' } },
  FusedGemm: { kernels: [1, 0], roles: { 2: 'bias' } },
  GemmFastGelu: { kernels: [1], roles: { 2: 'bias' } },
  GemmFloat8: { kernels: [1, 0], roles: { 2: 'bias', 3: 'quantization', 4: 'quantization', 5: 'quantization' } },
  QGemm: { kernels: [3, 0], roles: { 1: 'quantization', 2: 'quantization', 4: 'quantization', 5: 'quantization', 6: 'bias', 7: 'quantization', 8: 'quantization' } },
  MatMul: { kernels: [1, 0] },
  FusedMatMul: { kernels: [1, 0] },
  TransposeMatMul: { kernels: [1, 0] },
  MatMulInteger: { kernels: [1, 0], roles: { 2: 'quantization', 3: 'quantization' } },
  MatMulInteger16: { kernels: [1, 0] },
  MatMulIntegerToFloat: { kernels: [1], roles: { 2: 'quantization', 3: 'quantization', 4: 'quantization', 5: 'quantization', 6: 'bias' } },
  DynamicQuantizeMatMul: { kernels: [1], roles: { 2: 'quantization', 3: 'quantization', 4: 'bias' } },
  QLinearMatMul: { kernels: [3, 0], roles: { 1: 'quantization', 2: 'quantization', 4: 'quantization', 5: 'quantization', 6: 'quantization', 7: 'quantization' } },
  MatMulNBits: { kernels: [1], roles: { 2: 'quantization', 3: 'quantization', 4: 'quantization', 5: 'bias' } },
  MatMulBnb4: { kernels: [1], roles: { 2: 'quantization' } },
  MatMulFpQ4: { kernels: [1], roles: { 2: 'constant' } },
  Einsum: { kernels: [1, 0, 2, 3] },
  LSTM: RECURRENT,
  GRU: RECURRENT,
  RNN: RECURRENT,
  DynamicQuantizeLSTM: { kernels: [1, 2], roles: { 3: 'bias', 8: 'quantization', 9: 'quantization', 10: 'quantization', 11: 'quantization' } },
  AttnLSTM: RECURRENT,
  Attention: { kernels: [1], roles: { 2: 'bias' } },
  QAttention: { kernels: [1], roles: { 2: 'bias', 3: 'quantization', 4: 'quantization', 6: 'quantization', 7: 'quantization' } },
  PackedAttention: { kernels: [1], roles: { 2: 'bias' } },
  LongformerAttention: { kernels: [1, 4], roles: { 2: 'bias', 5: 'bias' } },
  DecoderMaskedSelfAttention: { kernels: [1], roles: { 2: 'bias' } },
  MultiHeadAttention: { roles: { 3: 'bias' } },
  MoE: { kernels: [2, 4, 6], roles: { 3: 'bias', 5: 'bias', 7: 'bias' } },
  QMoE: { kernels: [2, 5, 8], roles: { 3: 'quantization', 4: 'bias', 6: 'quantization', 7: 'bias', 9: 'quantization', 10: 'bias' } },
  BatchNormalization: { roles: { 1: 'normScale', 2: 'normShift', 3: 'runningMean', 4: 'runningVariance' } },
  InstanceNormalization: { roles: NORM },
  GroupNormalization: { roles: NORM },
  GroupNorm: { roles: NORM },
  SkipGroupNorm: { roles: { ...NORM, 4: 'bias' } },
  LayerNormalization: { roles: NORM },
  SimplifiedLayerNormalization: { roles: NORM },
  RMSNormalization: { roles: { 1: 'normScale' } },
  SkipLayerNormalization: { roles: { 2: 'normScale', 3: 'normShift', 4: 'bias' } },
  SkipSimplifiedLayerNormalization: { roles: { 2: 'normScale', 3: 'bias' } },
  EmbedLayerNormalization: { roles: { 2: 'embedding', 3: 'embedding', 4: 'embedding', 5: 'normScale', 6: 'normShift' } },
  QEmbedLayerNormalization: { roles: { 2: 'embedding', 3: 'embedding', 4: 'embedding', 5: 'normScale', 6: 'normShift', 8: 'quantization', 9: 'quantization', 10: 'quantization', 11: 'quantization', 12: 'quantization', 13: 'quantization', 14: 'quantization', 15: 'quantization', 16: 'quantization', 17: 'quantization' } },
  GatherBlockQuantized: { roles: { 0: 'embedding', 2: 'quantization', 3: 'quantization' } },
  Gelu: { roles: { 1: 'bias' } },
  BiasGelu: { roles: { 1: 'bias' } },
  FastGelu: { roles: { 1: 'bias' } },
  BiasSplitGelu: { roles: { 1: 'bias' } },
  BiasSoftmax: { roles: { 1: 'bias' } },
  BiasDropout: { roles: { 1: 'bias' } },
  BiasAdd: { roles: { 1: 'bias' } },
  QuantizeLinear: { roles: { 1: 'quantization', 2: 'quantization' } },
  DequantizeLinear: { roles: { 1: 'quantization', 2: 'quantization' } },
};

/** Of com.microsoft's QLinear operators on activations: every input but those with data is a scale or a zero point. */
const QLINEAR_DATA: Readonly<Record<string, readonly number[]>> = {
  QLinearAdd: [0, 3], QLinearMul: [0, 3], QLinearAveragePool: [0], QLinearGlobalAveragePool: [0], QLinearLeakyRelu: [0], QLinearReduceMean: [0], QLinearSigmoid: [0], QLinearSoftmax: [0], QLinearWhere: [0, 1, 4],
};

export function roleOfInput(op: string, input: number): Role | undefined {
  const role = OPERATORS[op]?.roles?.[input];
  if (role !== undefined) return role;
  if (op === 'QLinearConcat') return input < 2 || input % 3 !== 2 ? 'quantization' : undefined;
  const data = QLINEAR_DATA[op];
  return data && !data.includes(input) ? 'quantization' : undefined;
}

export function takesKernel(op: string, input: number): boolean {
  return OPERATORS[op]?.kernels?.includes(input) === true;
}

export function isKernelOperator(op: string): boolean {
  return (OPERATORS[op]?.kernels?.length ?? 0) > 0;
}

export function isNormOperator(op: string): boolean {
  return /Norm(?:alization)?$/.test(op) && Object.hasOwn(OPERATORS, op);
}

/** Matrix products whose second operand is [in, out]. */
export function isMatMul(op: string): boolean {
  return /MatMul/.test(op) && op !== 'MatMulNBits' && op !== 'MatMulBnb4' && op !== 'MatMulFpQ4';
}
