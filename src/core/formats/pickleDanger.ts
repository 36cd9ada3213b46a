import { plural } from '../numberText';
import { quote } from './jsonValues';
import { PickleBytes, PickleGlobal } from './pickleValues';
import type { PickleValue } from './pickleValues';

/**
 * Modules of which any function is dangerous in a pickle: they run programs or code, load libraries, reach the network or
 * change files. No checkpoint needs them. The lists of picklescan and fickling, and Python's own index of such modules.
 */
const MODULES = new Set([
  // Programs and the system.
  'os', 'posix', 'nt', 'posixpath', 'ntpath', 'subprocess', '_posixsubprocess', 'sys', 'pty', 'tty', 'commands', 'popen2', 'platform', 'signal', 'multiprocessing', '_winapi', 'winreg', '_winreg', 'msvcrt', 'ctypes', '_ctypes', 'cffi', 'mmap', 'fcntl', 'resource', 'gc', 'atexit', 'sysconfig', '_osx_support', 'antigravity', 'getpass', 'psutil', 'plumbum', 'pexpect',
  // Code.
  'runpy', 'importlib', '_frozen_importlib', '_frozen_importlib_external', 'imp', 'pkgutil', 'zipimport', 'code', 'codeop', 'marshal', 'inspect', 'ast', 'dis', 'bdb', 'pdb', 'cmd', 'profile', 'cProfile', 'hotshot', 'timeit', 'trace', 'tracemalloc', 'doctest', 'unittest', 'test.support', 'idlelib', 'lib2to3', 'py_compile', 'compileall', 'pydoc', 'site', 'rlcompleter', 'IPython', 'bpython', 'ptpython', 'jinja2', 'mako', 'sympy', 'numexpr',
  // Packages and builds.
  'pip', 'ensurepip', 'venv', 'virtualenv', 'distutils', 'setuptools', 'pkg_resources', 'conda', 'Cython', 'pyximport',
  // Files.
  'shutil', 'tempfile', 'fileinput', 'linecache', 'glob', 'zipfile', 'tarfile', 'shelve', 'dbm', 'sqlite3', '_sqlite3', 'nturl2path', 'filecmp',
  // Network.
  'socket', '_socket', 'ssl', 'select', 'selectors', 'asyncio', 'asyncore', 'asynchat', 'http', 'httplib', 'httplib2', 'urllib', 'urllib2', 'urllib3', 'requests', 'aiohttp', 'httpx', 'ftplib', 'smtplib', 'smtpd', 'poplib', 'imaplib', 'nntplib', 'telnetlib', 'xmlrpc', 'xmlrpclib', 'socketserver', 'SocketServer', 'wsgiref', 'webbrowser', 'paramiko', 'fabric', 'boto3',
  // Other pickles.
  'pickle', '_pickle', 'cPickle', 'dill', 'cloudpickle', 'shelve', 'torch.hub', 'torch.package', 'torch.utils.cpp_extension', 'torch.utils.bottleneck', 'torch.utils.collect_env', 'torch.distributed.run', 'torch.distributed.launch', 'torch.distributed.elastic', 'torch.distributed.rpc', 'torch.multiprocessing', 'torch._inductor', 'torch.testing', 'torch.fx.experimental',
  'numpy.testing', 'numpy.f2py', 'numpy.distutils',
]);

const BUILTINS = ['eval', 'exec', 'execfile', 'compile', '__import__', 'getattr', 'setattr', 'delattr', 'open', 'file', 'input', 'raw_input', 'apply', 'breakpoint', 'globals', 'locals', 'vars', 'reload', '__build_class__'];

/** Single functions of modules that are harmless otherwise. */
const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  builtins: BUILTINS,
  __builtin__: BUILTINS,
  operator: ['attrgetter', 'itemgetter', 'methodcaller', 'call', 'setitem', 'delitem'],
  _operator: ['attrgetter', 'itemgetter', 'methodcaller', 'call', 'setitem', 'delitem'],
  functools: ['reduce', 'partialmethod', 'singledispatch', 'cached_property'],
  _functools: ['reduce'],
  types: ['CodeType', 'FunctionType', 'LambdaType', 'MethodType', 'ModuleType', 'coroutine'],
  new: ['code', 'function', 'instancemethod', 'module'],
  io: ['open', 'open_code', 'FileIO', 'OpenWrapper'],
  _io: ['open', 'open_code', 'FileIO'],
  codecs: ['open', 'EncodedFile'],
  logging: ['FileHandler', 'shutdown'],
  'logging.config': ['listen', 'dictConfig', 'fileConfig'],
  threading: ['Thread', 'Timer'],
  _thread: ['start_new_thread', 'start_new'],
  uuid: ['_get_command_stdout', '_popen'],
  torch: ['load', 'hub', 'compile'],
  'torch.serialization': ['load', '_load', '_legacy_load'],
  'torch.jit': ['load', 'script', 'trace'],
  'torch.jit._serialization': ['load'],
  'torch.jit.unsupported_tensor_ops': ['execWrapper'],
  // A traced graph holds the source code of its forward function, which is compiled when it is loaded.
  'torch.fx.graph_module': ['reduce_graph_module', 'reduce_package_graph_module', 'reduce_deploy_graph_module', '_exec_with_source', '_forward_from_src'],
  'torch.utils._config_module': ['load_config', 'ConfigModule.load_config'],
  'torch.utils.data.datapipes.utils.decoder': ['basichandlers'],
  'torch.storage': ['_load_from_bytes'],
  joblib: ['load'],
  'joblib.numpy_pickle': ['load', '_unpickle'],
  numpy: ['load', 'fromfile', 'memmap', 'save', 'savetxt', 'loadtxt', 'genfromtxt'],
  'numpy.lib.npyio': ['load', 'save', 'loadtxt'],
  pandas: ['read_pickle', 'eval'],
  'pandas.io.pickle': ['read_pickle'],
  'transformers.utils.hub': ['cached_file'],
};

/** Names whose last part is one of these run code or programs wherever a class lends them to a pickle. */
const NAMES = new Set(['system', 'popen', 'eval', 'exec', '__import__', '__globals__', '__builtins__', '__subclasses__', '__getattribute__', '__reduce__', 'check_output', 'Popen', 'spawn']);

/** Whether Python would do harm, or could be made to, by this name alone. */
export function isDangerous({ module, name }: Pick<PickleGlobal, 'module' | 'name'>): boolean {
  if (isOfModules(module)) return true;
  const parts = name.split('.');
  if (ownFunctions(module).some((one) => one === name || one === parts[0])) return true;
  // Protocol 4 follows dots: "torch" with the name "serialization.os.system" is os.system.
  return parts.length > 1 && parts.some((part, index) => NAMES.has(part) || (index < parts.length - 1 && (MODULES.has(part) || part.startsWith('__'))) || BUILTIN_SET.has(part));
}

const BUILTIN_SET = new Set(['eval', 'exec', 'compile', '__import__', 'getattr', 'setattr', 'open', 'breakpoint', '__builtins__', '__dict__']);

function isOfModules(module: string): boolean {
  for (let end = module.length; end > 0; end = module.lastIndexOf('.', end - 1)) {
    if (MODULES.has(module.slice(0, end))) return true;
  }
  return false;
}

function ownFunctions(module: string): readonly string[] {
  return Object.hasOwn(FUNCTIONS, module) ? FUNCTIONS[module]! : [];
}

/** Of the arguments that are shown: enough to recognise a command. */
const SHOWN_CHARACTERS = 100;

/** os.system("curl …"), as Python would call it. */
export function callText(global: PickleGlobal): string {
  const args = global.firstArguments;
  if (args === undefined) return global.path;
  const text = (Array.isArray(args) ? args.slice(0, 4) : [args]).map(argumentText).join(', ');
  return `${global.path}(${text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text})`;
}

function argumentText(value: PickleValue): string {
  if (typeof value === 'string') return quote(value);
  if (value === null) return 'None';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof PickleGlobal) return value.path;
  if (value instanceof PickleBytes) return value.bytes ? quote(new TextDecoder('latin1').decode(value.bytes.subarray(0, SHOWN_CHARACTERS))) : plural(value.length, 'byte');
  return Array.isArray(value) && value.length <= 4 && value.every((item) => typeof item === 'string') ? `[${value.map(argumentText).join(', ')}]` : '…';
}
