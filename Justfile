# Node 24 comes with the dependencies; it and the tools are first on the path of every recipe.
export PATH := justfile_directory() / "node_modules/.bin" + ":" + env("PATH")

set positional-arguments

# List the recipes.
default:
    @just --list

# Install exactly what package-lock.json pins, if it isn't there yet.
setup:
    @test node_modules/.package-lock.json -nt package-lock.json || npm ci

# The main job: every check at a scope of minutes, with a summary table.
check *ARGS: setup
    @node src/cli/main.ts check "$@"

# The test suite.
test *ARGS: setup
    @tsc -p . && tsc -p check/render/browser
    @vitest run --testTimeout 60000 "$@"

# Any command: `just lockstep explore election`.
[no-exit-message]
lockstep *ARGS: setup
    @node src/cli/main.ts "$@"

# Three servers on this machine; the leader is killed while a client writes.
demo: setup
    @node check/demo/demo.ts

# Figures as ratios, side by side in one run.
bench *ARGS: setup
    @node check/bench/bench.ts "$@"

# Pictures of the HTML pages, made by Chromium, to be looked at.
screenshots FOLDER: setup
    @node check/render/screenshots.ts "$@"

# The linearizability checker against Porcupine, side by side in one run (Porcupine needs Go).
[no-exit-message]
bench-verify *ARGS: build
    @node check/bench/verify.ts "$@"

# A cluster of ours against one of etcd's, side by side in one run (needs etcd, as Debian's etcd-server has it, and Go).
[no-exit-message]
bench-cluster *ARGS: build
    @node check/bench/cluster/bench.ts "$@"

# The library as JavaScript with declarations, in dist/.
build: setup
    @rm -rf dist
    @tsc -p tsconfig.build.json && tsc -p check/render/browser --noEmit false --outDir dist --rootDir .
    @rolldown -c > /dev/null
    @cp -R spec dist/ && cp -R check/scenarios dist/check/ && cp check/render/browser/page.* dist/check/render/browser/
    @cd check/histories && cp -R README.md bundles porcupine ../../dist/check/histories/
