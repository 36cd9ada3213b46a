const { promises } = require('node:fs');

exports.copyFile = (from, to, mode) => promises.copyFile(from, to, mode);
exports.isCloneSupported = async () => false;
