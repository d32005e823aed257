/* The look of <pl-studio>: stage and bar beside what is known, one below the other on small screens. */
import { css } from "lit";

export const studioStyle = css`
  :host {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 340px;
    min-height: 100dvh;
    container-type: inline-size;
  }
  .desk {
    padding: var(--s5) var(--s6);
    display: grid;
    gap: var(--s5);
    align-content: start;
    min-width: 0;
  }
  .top {
    display: flex;
    gap: var(--s3) var(--s4);
    align-items: center;
    flex-wrap: wrap;
  }
  .top .title {
    flex: 1 1 260px;
    min-width: 0;
  }
  .top h1 {
    font-size: var(--step-2);
  }
  .title a {
    color: var(--muted);
    text-decoration: none;
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 28px;
  }
  .title a svg.i {
    width: 16px;
    height: 16px;
  }
  .right {
    display: flex;
    gap: var(--s2);
    align-items: center;
    flex-wrap: wrap;
  }
  .frame {
    position: relative;
    border-radius: 20px;
    overflow: hidden;
    aspect-ratio: 16 / 9;
    max-height: calc(100dvh - 190px);
    min-height: 240px;
    width: 100%;
    background: #211b16;
  }
  pl-stage {
    position: absolute;
    inset: 0;
    --stage-inset-y: 84px;
  }
  slot[name="check"]::slotted(*) {
    position: absolute;
    inset: 0;
  }
  .nothing {
    position: absolute;
    inset: 0;
    display: grid;
    place-content: center;
    text-align: center;
    gap: var(--s2);
    padding: var(--s6) var(--s5) 96px;
    color: var(--lamp);
  }
  .nothing p {
    opacity: 0.85;
  }
  .tag {
    position: absolute;
    left: 16px;
    top: 16px;
    z-index: 2;
  }
  .chip.rec {
    background: #a3252c;
    color: #fff;
  }
  .chip.rec::before {
    content: "";
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: currentColor;
  }
  .delay {
    position: absolute;
    right: 16px;
    top: 16px;
    z-index: 2;
  }
  .chip.connected {
    background: color-mix(in srgb, var(--ok) 14%, var(--card));
    color: var(--ok);
  }
  .chip.lost {
    background: var(--bad-soft);
    color: var(--bad);
  }
  .question {
    padding: var(--s3) 0;
    border-top: 1px solid var(--line);
    overflow-wrap: anywhere;
  }
  .question:first-child {
    border: 0;
    padding-top: 0;
  }
  .questions {
    max-height: 320px;
    overflow: auto;
  }
  .me {
    width: 100%;
    max-width: 320px;
    aspect-ratio: 16 / 9;
    border-radius: var(--round);
    background: var(--sunk);
  }
  .crop {
    margin-top: calc(-1 * var(--s3));
  }
  .bar {
    position: absolute;
    inset: auto 0 16px;
    display: flex;
    justify-content: center;
    gap: var(--s2);
    z-index: 2;
    padding: 0 var(--s3);
  }
  .bar button {
    border: 0;
    padding: 0 var(--s4);
    font-size: 0.9375rem;
    background: rgb(251 247 240 / 0.94);
    color: var(--coffee);
  }
  .bar button.on {
    background: var(--glow);
    color: var(--night);
  }
  @media (hover: hover) {
    .bar button:hover {
      background: #fff;
    }
    .bar button.on:hover {
      background: #ffae86;
    }
  }
  kbd {
    font: 600 11px var(--text);
    border: 1px solid currentColor;
    border-radius: 5px;
    padding: 1px 5px;
    opacity: 0.75;
  }
  .banner {
    position: absolute;
    left: 50%;
    transform: translateX(-50%);
    bottom: 76px;
    z-index: 2;
    padding: var(--s2) var(--s4);
    border-radius: var(--pill);
    font-size: 0.9375rem;
    width: max-content;
    max-width: calc(100% - 32px);
    text-align: center;
  }
  aside {
    border-left: 1px solid var(--line);
    padding: var(--s5);
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--s5);
    align-content: start;
    min-width: 0;
  }
  .invite {
    background: var(--accent-soft);
    border-color: transparent;
    box-shadow: none;
    display: grid;
    gap: var(--s3);
  }
  .invite .small {
    color: var(--ink);
  }
  .invite .row {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: var(--s2);
  }
  .invite button {
    padding: 0 var(--s2);
    font-size: 0.9375rem;
  }
  input[readonly].link {
    font-size: var(--step--1);
    min-height: 40px;
    padding: 0 var(--s3);
    text-overflow: ellipsis;
  }
  section {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--s3);
    align-content: start;
  }
  .invite {
    align-content: start;
  }
  .invite [role="status"]:empty {
    display: none;
  }
  .person {
    display: flex;
    gap: var(--s3);
    align-items: center;
    padding: var(--s2) 0;
    border-top: 1px solid var(--line);
    min-height: 44px;
  }
  .person:first-child {
    border: 0;
  }
  .person b {
    overflow: hidden;
    text-overflow: ellipsis;
    min-width: 0;
  }
  .person pl-dots,
  .person .chip {
    margin-left: auto;
  }
  .person .chip + pl-dots {
    margin-left: 0;
  }
  .table {
    display: flex;
    flex-wrap: wrap;
    gap: var(--s2);
  }
  .table li {
    padding: var(--s3) var(--s4);
    display: flex;
    gap: var(--s3);
    align-items: center;
  }
  .qr {
    display: grid;
    justify-items: center;
    gap: var(--s4);
    text-align: center;
  }
  .qr img {
    width: min(100%, 300px);
    aspect-ratio: 1;
    background: #fff;
    padding: 14px;
    border-radius: var(--round);
  }
  .two {
    display: grid;
    gap: var(--s2);
    grid-template-columns: 1fr 1fr;
  }
  @media (max-width: 1240px) {
    :host {
      grid-template-columns: minmax(0, 1fr);
      min-height: 0;
    }
    aside {
      border-left: 0;
      border-top: 1px solid var(--line);
      grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr));
      padding: var(--s5) var(--s6);
    }
  }
  @media (max-width: 700px) {
    .desk,
    aside {
      padding: var(--s4);
    }
    .desk {
      gap: var(--s4);
    }
    .right {
      gap: 6px;
    }
    .right button {
      padding: 0 var(--s3);
    }
    .frame {
      aspect-ratio: 4 / 5;
      max-height: min(62dvh, calc(100dvh - 290px));
    }
    kbd {
      display: none;
    }
    .bar {
      gap: 6px;
      padding: 0 var(--s2);
    }
    .bar button {
      flex: 1 1 0;
      min-width: 0;
      max-width: 150px;
      padding: 4px;
      min-height: 60px;
      border-radius: 16px;
      flex-direction: column;
      gap: 2px;
      font-size: var(--step--1);
      line-height: 1.15;
      white-space: normal;
    }
    pl-stage {
      --stage-inset-y: 92px;
    }
    .banner {
      bottom: 88px;
    }
    .delay {
      left: 16px;
      right: auto;
      top: 52px;
    }
  }
`;
