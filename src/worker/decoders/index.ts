import type { Encoding, Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';
import { chunked } from './chunked';
import type { Decoder, StoredBytes } from './decoder';
import { deflate } from './deflate';
import { filled } from './filled';
import { inline } from './inline';
import { plain } from './plain';
import { sparse } from './sparse';
import { strided } from './strided';
import { varints } from './varints';

type Decoders = { readonly [Kind in Encoding['kind']]: Decoder<Extract<Encoding, { kind: Kind }>> };

const DECODERS: Decoders = {
  permuted: plain,
  inline,
  filled,
  strided,
  deflate,
  chunked,
  varints,
  sparse,
};

/** A tensor's bytes, whatever was done to them. Close it. */
export function storedBytesOf(files: OpenFiles, tensor: Tensor): StoredBytes {
  const { encoding } = tensor;
  if (!encoding) return plain(files, tensor);
  return (DECODERS[encoding.kind] as Decoder<Encoding>)(files, tensor, encoding);
}
