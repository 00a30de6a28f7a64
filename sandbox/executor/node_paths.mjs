// A resolver for ES modules that looks into NODE_PATH last, as both clouds' own runtimes do; Node itself does so
// for require() only. Registered by the bootstraps; runs in Node's loader thread.
// Source: Node.js, "Modules: node:module API", customization hooks.
import path from "node:path";
import { pathToFileURL } from "node:url";

const folders = (process.env.NODE_PATH || "").split(path.delimiter).filter((folder) => path.basename(folder) === "node_modules");

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || /^(\.|\/|[a-z]+:)/i.test(specifier)) throw error;
    for (const folder of folders) {
      try {
        return await next(specifier, { ...context, parentURL: pathToFileURL(path.join(folder, "..", "-.mjs")).href });
      } catch (other) {
        if (other.code !== "ERR_MODULE_NOT_FOUND") throw other;
      }
    }
    throw error;
  }
}
