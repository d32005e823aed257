/* How long to wait until asking again: soon after news, calmer the longer there is none. */
const CALMER_BY = 10;

export class Pace {
  private news: string | null = null;
  private since = 0;

  constructor(
    private readonly soonest: number,
    private readonly latest: number,
    private readonly now: () => number,
  ) {}

  /* Milliseconds. `news`: what matters of the last answer, as words; `latest`: instead of the usual one. */
  wait(news: string, latest = this.latest): number {
    if (news !== this.news) {
      this.news = news;
      this.since = this.now();
    }
    return Math.round(Math.min(latest, Math.max(this.soonest, (this.now() - this.since) / CALMER_BY)));
  }
}
