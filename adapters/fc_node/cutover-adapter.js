// The handler that FC calls in place of the function's own; see cutover-adapter-parts/main.js.
exports.handler = require('./cutover-adapter-parts/main.js').load();
