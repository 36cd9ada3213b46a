import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDangerous } from '../../src/core/formats/pickleDanger';
import { readPickle } from '../../src/core/formats/pickleMachine';
import { readZipEntries } from '../../src/core/formats/zip';
import type { ByteSource } from '../../src/core/byteSource';
import { memorySource } from '../../test/support/memorySource';
import type { Panel } from './panel';

const CHECKPOINT = path.resolve(__dirname, '../../test/fixtures/models/pytorch/checkpoint.pth');

/** os.system('…') before the value, as such files have it: called, and its result thrown away. */
const PAYLOAD = 'cposix\nsystem\n(S\'curl example.com\'\ntR0';

/** The names that the pickle of a checkpoint gives to Python, as it is and with a payload. */
export async function pickleNamePanels(): Promise<[Panel, Panel]> {
  const file = memorySource(new Map([['checkpoint.pth', new Uint8Array(readFileSync(CHECKPOINT))]]), 'checkpoint.pth');
  const entry = (await readZipEntries(file)).find(({ name }) => name.endsWith('data.pkl'))!;
  const pickle = await file.read(entry.dataOffset, entry.bytes);
  // Behind the opcode that names the protocol.
  const infected = new Uint8Array([...pickle.subarray(0, 2), ...new TextEncoder().encode(PAYLOAD), ...pickle.subarray(2)]);
  return [await panelOf(sourceOf(pickle)), await panelOf(sourceOf(infected))];
}

function sourceOf(bytes: Uint8Array): ByteSource {
  return memorySource(new Map([['data.pkl', bytes]]), 'data.pkl');
}

async function panelOf(source: ByteSource): Promise<Panel> {
  const { globals } = await readPickle(source);
  const names = [...globals.values()];
  const dangerous = names.filter(isDangerous);
  const caption = dangerous.length === 0 ? `${names.length} names to import, none runs code` : `${names.length} names to import, and ${dangerous.map(({ path: name }) => name).join(', ')} is one`;
  const marked = new Set([...names.keys()].filter((index) => isDangerous(names[index]!)));
  return { bars: names.map(({ path: name }) => name.length), marked, low: 'characters of each name', high: '', caption };
}
