// The handler that FC calls in place of the function's own, for functions that are ES modules.
import main from './cutover-adapter-parts/main.js';

export const handler = await main.loadModule();
