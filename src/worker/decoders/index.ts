import { UnsupportedError } from '../../core/errors';
import type { Encoding, Tensor } from '../../core/model';
import type { OpenFiles } from '../jobFiles';
import type { Decoder, StoredBytes } from './decoder';
import { inline } from './inline';
import { plain } from './plain';

type Decoders = { readonly [Kind in Encoding['kind']]: Decoder<Extract<Encoding, { kind: Kind }>> };

const missing = (_files: OpenFiles, tensor: Tensor): never => {
  throw new UnsupportedError(`${tensor.name} is stored in a way that this version does not read yet (${tensor.encoding?.kind}).`);
};

const DECODERS: Decoders = {
  permuted: plain,
  inline,
  strided: missing,
  deflate: missing,
  chunked: missing,
  varints: missing,
  sparse: missing,
};

/** A tensor's bytes, whatever was done to them. Close it. */
export function storedBytesOf(files: OpenFiles, tensor: Tensor): StoredBytes {
  const { encoding } = tensor;
  if (!encoding) return plain(files, tensor);
  return (DECODERS[encoding.kind] as Decoder<Encoding>)(files, tensor, encoding);
}
