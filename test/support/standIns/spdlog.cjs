// Writes VS Code's log files. The content of output channels goes through it as well, so it has to write.
const { appendFileSync, mkdirSync } = require('node:fs');
const path = require('node:path');

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];
const INFO = LEVELS.indexOf('info');

class Logger {
  constructor(_kind, _name, file) {
    this.file = file;
    this.level = INFO;
    this.raw = false;
    mkdirSync(path.dirname(file), { recursive: true });
  }

  getLevel() {
    return this.level;
  }

  setLevel(level) {
    this.level = level;
  }

  clearFormatters() {
    this.raw = true;
  }

  write(level, message) {
    if (level < this.level) return;
    const stamp = new Date().toISOString().replace('T', ' ').replace('Z', '');
    try {
      appendFileSync(this.file, this.raw ? message : `${stamp} [${LEVELS[level]}] ${message}\n`);
    } catch (error) {
      // The folder goes away when a test run ends before its server.
      if (error.code !== 'ENOENT') throw error;
    }
  }

  setPattern() {}
  flush() {}
  drop() {}
}

LEVELS.forEach((name, level) => {
  Logger.prototype[name] = function log(message) {
    this.write(level, message);
  };
});

exports.version = 0;
exports.Logger = Logger;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.shutdown = () => {};
exports.createRotatingLogger = async (name, file) => new Logger('rotating', name, file);
exports.createAsyncRotatingLogger = exports.createRotatingLogger;
