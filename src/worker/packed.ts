/** Values of the 16 codes of float4 E2M1 (OCP Microscaling Formats 1.0). */
const E2M1 = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6);

/** Two codes a byte, the first one in the low half (ONNX, TFLite): int8, uint8 or float32 elements. */
export function unpack4(dtype: 'int4' | 'uint4' | 'float4_e2m1fn', packed: Uint8Array, count: number, target: Uint8Array): void {
  const shift = dtype === 'int4' ? 28 : 0;
  const codeAt = (i: number): number => (i & 1 ? packed[i >> 1]! >> 4 : packed[i >> 1]! & 15);
  if (dtype === 'float4_e2m1fn') {
    const values = new Float32Array(target.buffer, target.byteOffset, count);
    for (let i = 0; i < count; i++) values[i] = E2M1[codeAt(i)]!;
    return;
  }
  for (let i = 0; i < count; i++) target[i] = (codeAt(i) << shift) >> shift;
}
