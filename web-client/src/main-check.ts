/* /check: which ways lead from this browser to the server. */
import { html, render } from "lit";
import { iceServersOf, parseCheckBoot, type CheckBoot } from "./core/boot";
import { nothingFound, WAYS, type Findings, type Way } from "./core/reach";
import { t, type Key } from "./core/strings";
import { findWays } from "./media/reach";
import { hasWebRtc } from "./media/rtc-peer";
import { socketUrl } from "./net/socket";
import { copyText, startPage } from "./page";
import "./ui/closed";
import "./ui/reach";

class CheckPage {
  private findings: Findings = nothingFound;
  private doors: Partial<Record<Way, readonly string[]>> = {};
  private life = new AbortController();

  constructor(private readonly host: HTMLElement, private readonly boot: CheckBoot) {
    document.title = t("reach.title");
    this.start();
  }

  private start(): void {
    this.life.abort();
    this.life = new AbortController();
    this.findings = nothingFound;
    this.doors = {};
    this.draw();
    void findWays({
      iceServers: iceServersOf(this.boot.ice_servers),
      socketUrl: socketUrl(location),
      signal: this.life.signal,
      onfinding: (way, finding) => {
        this.findings = { ...this.findings, [way]: finding };
        this.draw();
      },
      ondoor: (way, doors) => {
        this.doors = { ...this.doors, [way]: doors };
        this.draw();
      },
    });
  }

  private words(): string {
    return [
      `${t("reach.title")}, ${location.host}, ${new Date().toISOString()}`,
      ...WAYS.map((way) => {
        const finding = this.findings[way];
        const state = finding.state === "works" ? t("reach.state.works", { ms: finding.ms }) : t(`reach.state.${finding.state === "waiting" ? "trying" : finding.state}` as Key);
        return [`${t(`reach.way.${way}` as Key)}: ${state}`, ...(this.doors[way] ?? [])].join("\n  ");
      }),
      navigator.userAgent,
    ].join("\n");
  }

  private draw(): void {
    render(
      html`<pl-reach
        .findings=${this.findings}
        .doors=${this.doors}
        .company=${this.boot.company.name}
        .server=${location.host}
        @pl-again=${() => this.start()}
        @pl-copy=${() => void copyText(this.words())}
      ></pl-reach>`,
      this.host,
    );
  }
}

const { host, boot } = startPage();
const parsed = parseCheckBoot(boot);
if (!parsed.ok || !hasWebRtc()) {
  render(html`<pl-closed .heading=${t("closed.other")} .text=${parsed.ok ? t("error.browser") : parsed.error.detail}></pl-closed>`, host);
} else {
  new CheckPage(host, parsed.boot);
}
