/** One piece of work at a time. While it runs, of all that is wished for only the latest wish waits. */
export function latestOnly<Wish>(work: (wish: Wish) => Promise<void>): (wish: Wish) => void {
  let isBusy = false;
  let next: { wish: Wish } | null = null;

  return (wish) => {
    next = { wish };
    if (!isBusy) void run();
  };

  async function run(): Promise<void> {
    isBusy = true;
    while (next) {
      const { wish } = next;
      next = null;
      await work(wish);
    }
    isBusy = false;
  }
}
