/** What a format is made of, to be put where it does not belong. */
const hex = (text: string): Uint8Array => Uint8Array.from(text.replace(/\s/g, '').match(/../g) ?? [], (pair) => parseInt(pair, 16));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const JSON_TOKENS = ['{', '}', '[', ']', ',', ':', 'null', 'true', '1e999', '-0', '"\\ud800"', '"__metadata__":{}', '"dtype":"F32",', '"shape":[9007199254740993],', '"data_offsets":[0,0]', '"weight_map":{"a":"b"}', '"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},', '[[[[[[[[', '{"a":{"a":{"a":'].map(text);

/** Opcodes that build, call, loop and nest (pickletools of CPython). */
const PICKLE = [
  hex('80 02'), hex('80 05'), hex('95 ff ff ff ff ff ff ff 7f'), text('.'), text('('), text('d'), text('l'), text('t'), text('}'), text(']'), hex('85'), hex('86'), hex('87'), text('R'), text('b'), text('Q'), text('0'), text('1'), text('2'),
  hex('93'), hex('81'), hex('92'), text('cos\nsystem\n'), text('cbuiltins\neval\n'), text('ctorch._utils\n_rebuild_tensor_v2\n'), text('ccollections\nOrderedDict\n'), hex('8a ff'), hex('8b ff ff ff 7f'), hex('58 ff ff ff 7f'), hex('8c ff'), hex('8d 00 00 00 00 01 00 00 00'),
  text('q\u0000'), text('h\u0000'), hex('72 ff ff ff 7f'), hex('6a ff ff ff ff'), hex('94'), text('e'), text('u'), text('s'), text('a'), text('I01\n'), text('L99999999999999999999L\n'), text('p0\ng0\n'), text('Pabc\n'), hex('97'), hex('98'), hex('8e 00 00 00 00 00 00 00 80'), hex('42 00 00 00 80'),
];

const PROTOBUF = [hex('08 ff ff ff ff ff ff ff ff ff 01'), hex('0a ff ff ff ff 0f'), hex('0a 00'), hex('12 80 80 80 80 10'), hex('0b'), hex('0c'), hex('0d ff ff ff ff'), hex('09 00 00 00 00 00 00 f0 7f'), hex('3a 80 80 01'), hex('ff ff ff ff ff ff ff ff ff ff 7f'), hex('07'), hex('0a 02 0a 00'), hex('1a 00'), hex('22 00'), hex('2a 00'), hex('4a 08 00 00 80 3f 00 00 80 3f'), hex('70 01'), hex('6a 00'), text('location'), text('../../etc/passwd'), text('offset'), text('length'), text('18446744073709551615')];

const FLATBUFFER = [hex('00 00 00 00'), hex('ff ff ff ff'), hex('ff ff ff 7f'), hex('04 00 00 00'), hex('fc ff ff ff'), hex('00 80'), hex('04 00 04 00'), hex('06 00 08 00 04 00'), text('TFL3'), hex('08 00 00 00 54 46 4c 33'), hex('00 00 00 80')];

/** Signatures of the HDF5 file format specification 3.0. */
const HDF5 = [hex('89 48 44 46 0d 0a 1a 0a'), ...['TREE', 'HEAP', 'SNOD', 'GCOL', 'OHDR', 'OCHK', 'FRHP', 'FHDB', 'FHIB', 'BTHD', 'BTLF', 'BTIN', 'FSHD', 'FSSE', 'EAHD', 'EAIB', 'FAHD'].map(text), hex('ff ff ff ff ff ff ff ff'), hex('00 00 00 00 00 00 00 00'), hex('0b 00'), hex('10 00 00 00'), hex('06 00'), hex('08 00'), hex('03 02'), text('/'), text('..'), text('ext.h5')];

const ZIP = [hex('50 4b 01 02'), hex('50 4b 03 04'), hex('50 4b 05 06'), hex('50 4b 06 06'), hex('50 4b 06 07'), hex('50 4b 07 08'), hex('01 00 10 00'), hex('ff ff ff ff'), hex('ff ff'), hex('08 00'), hex('63 00'), text('../../etc/passwd'), text('data.pkl'), text('model.weights.h5'), text('config.json'), text('archive/data/0')];

const NPY = [hex('93 4e 55 4d 50 59 01 00'), hex('93 4e 55 4d 50 59 03 00'), text("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"), text("'descr': '|O'"), text("'>f8'"), text("'|V16'"), text('(-1,)'), text('(9999999999,9999999999)'), text('True'), text("[('a', '<f4')]"), text("'<U99'"), text('\n')];

const GGUF = [text('GGUF'), hex('03 00 00 00'), hex('00 00 00 03'), hex('09 00 00 00'), hex('08 00 00 00'), hex('0c 00 00 00'), hex('ff ff ff ff ff ff ff 7f'), text('general.alignment'), text('general.architecture'), text('split.count'), text('token_embd.weight'), text('blk.0.attn_q.weight')];

const LEVELDB = [hex('57 fb 80 8b 24 75 47 db'), hex('00 00 00 00 01'), hex('ff ff ff ff 0f'), hex('01 00 00 00 00'), hex('00 01')];

const BY_FORMAT: Readonly<Record<string, readonly Uint8Array[]>> = {
  safetensors: JSON_TOKENS,
  gguf: GGUF,
  onnx: PROTOBUF,
  'keras-h5': [...HDF5, ...JSON_TOKENS],
  hdf5: HDF5,
  'keras-v3': [...ZIP, ...HDF5, ...JSON_TOKENS],
  pytorch: [...PICKLE, ...ZIP],
  numpy: [...NPY, ...ZIP],
  tflite: [...FLATBUFFER, ...ZIP],
  'tensorflow-checkpoint': [...LEVELDB, ...PROTOBUF],
  'tensorflow-savedmodel': [...PROTOBUF, ...LEVELDB],
  'tensorflow-graphdef': PROTOBUF,
};

export function dictionaryOf(format: string): readonly Uint8Array[] {
  return BY_FORMAT[format] ?? JSON_TOKENS;
}
