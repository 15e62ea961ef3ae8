// `lockstep verify` joined into a few files: to read the many modules takes longer than to check a hundred histories. They
// lie where the module that begins it lay, so nobody else has to know.
export default {
  input: { quickly: "dist/src/cli/quickly.js", worker: "dist/check/linearizability/worker.js" },
  platform: "node",
  output: { dir: "dist/src/cli", entryFileNames: "[name].js", chunkFileNames: "verify-[name].js" }
}
