/**
 * Loaded before each test file: ends one that hangs, and says on what. The test runner bounds single tests, but neither what
 * a file does before its first test nor what it closes after its last, and would wait for ever.
 */
const FILE_MAX_MS = 480_000;

setTimeout(() => {
  const kinds = Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind);
  const open = Object.entries(kinds).map(([kind, all]) => `${all?.length} ${kind}`);
  console.error(
    `${process.argv[1]} has not ended after ${FILE_MAX_MS / 1_000} s. Still open: ${open.join(', ')}`,
  );
  process.exit(1);
}, FILE_MAX_MS).unref();
