// Leads aws-sdk 2 to the sandbox: unlike every later SDK it does not read AWS_ENDPOINT_URL.
//
// The SDK's configuration is filled in when it is loaded, from wherever it comes, and code that sets an endpoint
// of its own keeps it. A copy that was bundled into the function's own file is not found.
import Module from "node:module";

const LOADER = /[\\/]aws-sdk[\\/]lib[\\/]node_loader\.js$/;

export function leadAwsSdkV2(endpoint) {
  if (!endpoint) return;
  const load = Module._load;
  Module._load = function (request, parent, isMain) {
    const loaded = load.call(this, request, parent, isMain);
    if (!request.endsWith("node_loader")) return loaded;
    const file = Module._resolveFilename(request, parent, isMain);
    if (!LOADER.test(file)) return loaded;
    const sdk = load.call(this, file.replace(/node_loader\.js$/, "core.js"), parent, false);
    // The loader is asked for again while it is at work, and makes the configuration anew at its end.
    if (!sdk.config.endpoint) sdk.config.update({ endpoint, s3ForcePathStyle: true });
    return loaded;
  };
}
