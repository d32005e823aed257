/* The look of <pl-player>: everything lies on the picture. */
import { css } from "lit";

export const playerStyle = css`
  :host {
    display: block;
    position: relative;
    overflow: hidden;
    background: #17130f;
    color: var(--cream);
    border-radius: var(--player-round, 20px);
    container-type: inline-size;
    user-select: none;
    -webkit-user-select: none;
  }
  :host([fillsPage]) {
    height: 100%;
    border-radius: 0;
  }
  :host(:fullscreen) {
    border-radius: 0;
    width: 100%;
    height: 100%;
  }
  :host(:fullscreen) .frame,
  :host([fillsPage]) .frame {
    aspect-ratio: auto !important;
    height: 100%;
    max-height: none;
  }
  .frame {
    position: relative;
    width: 100%;
    max-height: var(--player-most, none);
  }
  .offer {
    position: absolute;
    top: 12px;
    left: 12px;
    max-width: calc(100% - 24px);
    font-weight: 600;
    text-align: left;
    gap: var(--s2);
    padding: 0 var(--s4) 0 var(--s3);
  }
  /* Beside the way into one's own room, or below it where there is no room. */
  .place ~ .offer {
    top: 68px;
  }
  @container (min-width: 640px) {
    .place ~ .offer {
      top: 12px;
      max-width: 56%;
    }
  }
  .offer span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    min-width: 0;
  }
  .frame.idle {
    cursor: none;
  }
  :focus-visible {
    outline-color: var(--glow);
  }
  video.stacked {
    visibility: hidden;
  }
  .ground {
    position: absolute;
    inset: 0;
    background: var(--calm);
  }
  video,
  .ground canvas,
  img {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: contain;
    display: block;
  }
  img {
    transition: opacity 260ms;
  }
  img.gone {
    opacity: 0;
    pointer-events: none;
  }
  .tap {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    border: 0;
    border-radius: 0;
    background: transparent;
    transform: none;
    cursor: inherit;
  }
  .tap:focus-visible {
    outline-offset: -4px;
  }
  .centre {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    pointer-events: none;
  }
  .centre > * {
    pointer-events: auto;
  }
  .start {
    width: clamp(72px, 11cqi, 104px);
    height: clamp(72px, 11cqi, 104px);
    padding: 0;
    border: 0;
    background: var(--cream);
    color: var(--coffee);
    box-shadow: 0 12px 50px rgb(0 0 0 / 0.4);
  }
  .start svg.i {
    width: 40%;
    height: 40%;
  }
  .start .play svg.i {
    fill: currentColor;
  }
  .hear {
    position: absolute;
    left: 50%;
    transform: translateX(-50%);
    top: clamp(12px, 4cqi, 28px);
    background: var(--cream);
    color: var(--coffee);
    border: 0;
    min-height: 52px;
    font-size: var(--step-1);
    box-shadow: 0 10px 40px rgb(0 0 0 / 0.35);
    max-width: calc(100% - 24px);
  }
  .hear:active {
    transform: translateX(-50%) scale(0.98);
  }
  @media (hover: hover) {
    .tap:hover {
      background: transparent;
    }
    .start:hover,
    .place:hover,
    .hear:hover {
      background: #fff;
    }
    .controls button:hover {
      background: rgb(251 247 240 / 0.16);
    }
  }
  .place {
    position: absolute;
    right: clamp(10px, 2cqi, 20px);
    top: clamp(10px, 2cqi, 20px);
    background: var(--cream);
    color: var(--coffee);
    border: 0;
    transition: opacity 180ms;
  }
  .idle .place:not(:focus-visible) {
    opacity: 0;
  }
  .note {
    position: absolute;
    left: clamp(10px, 2cqi, 20px);
    top: clamp(10px, 2cqi, 20px);
    max-width: calc(100% - 20px);
    padding: 6px var(--s3);
    border-radius: var(--round);
    font-size: var(--step--1);
    pointer-events: none;
  }
  .word {
    padding: var(--s3) var(--s5);
    border-radius: var(--pill);
    display: flex;
    gap: var(--s3);
    align-items: center;
    max-width: calc(100% - 32px);
  }
  .failed {
    display: grid;
    gap: var(--s3);
    justify-items: center;
    text-align: center;
    padding: var(--s5);
    border-radius: var(--round);
    max-width: min(420px, calc(100% - 32px));
  }
  .failed button {
    background: var(--cream);
    color: var(--coffee);
    border: 0;
  }
  .spin {
    width: 18px;
    height: 18px;
    flex: none;
    border-radius: 50%;
    border: 2px solid currentColor;
    border-right-color: transparent;
    animation: spin 1s linear infinite;
  }
  @keyframes spin {
    to {
      transform: rotate(1turn);
    }
  }
  .caption {
    position: absolute;
    left: 50%;
    transform: translateX(-50%);
    bottom: 20px;
    width: max-content;
    max-width: 88%;
    text-align: center;
    font-size: clamp(0.95rem, 2.3cqi, 1.75rem);
    font-weight: 550;
    line-height: 1.4;
    white-space: pre-line;
    pointer-events: none;
    transition: bottom 160ms;
    text-wrap: balance;
  }
  .caption span {
    background: rgb(23 19 15 / 0.78);
    padding: 2px 10px;
    border-radius: 6px;
    box-decoration-break: clone;
    -webkit-box-decoration-break: clone;
  }
  .up .caption {
    bottom: 108px;
  }
  .controls {
    position: absolute;
    inset: auto 0 0;
    padding: var(--s6) var(--s4) var(--s2);
    background: linear-gradient(transparent, rgb(23 19 15 / 0.84));
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 2px;
    transition: opacity 180ms;
    pointer-events: none;
  }
  .controls > * {
    pointer-events: auto;
  }
  .idle .controls {
    opacity: 0;
  }
  .idle .controls:focus-within {
    opacity: 1;
  }
  .row {
    display: flex;
    gap: var(--s1);
    align-items: center;
  }
  .row button {
    width: 44px;
    padding: 0;
    border: 0;
    background: transparent;
    color: inherit;
    border-radius: 12px;
    flex: none;
  }
  .row button.word-button {
    width: auto;
    min-width: 44px;
    padding: 0 var(--s2);
    font-size: 0.9375rem;
    font-variant-numeric: tabular-nums;
  }
  .time {
    font-size: var(--step--1);
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
    margin: 0 auto 0 var(--s2);
    min-width: 0;
  }
  .volume {
    display: flex;
    align-items: center;
  }
  input[type="range"] {
    width: 84px;
    height: 24px;
    margin: 0 var(--s1);
    accent-color: var(--glow);
    cursor: pointer;
  }
  .choice {
    position: relative;
  }
  .choice ul {
    position: absolute;
    right: 0;
    bottom: calc(100% + 4px);
    background: rgb(23 19 15 / 0.92);
    border-radius: 12px;
    padding: 4px;
    z-index: 2;
  }
  .choice li button {
    width: 92px;
    justify-content: space-between;
    padding: 0 var(--s3);
    min-height: 40px;
    font-size: 0.9375rem;
  }
  .choice li svg.i {
    width: 16px;
    height: 16px;
  }
  @container (max-width: 340px) {
    .time .of {
      display: none;
    }
  }
  @container (max-width: 560px) {
    .controls {
      padding: var(--s5) var(--s2) var(--s1);
    }
    input[type="range"],
    .time .chapter {
      display: none;
    }
    .up .caption {
      bottom: 96px;
    }
    .choice {
      position: static;
    }
    .choice ul {
      right: var(--s2);
      bottom: 52px;
      max-width: calc(100% - 16px);
      display: grid;
      grid-template-columns: repeat(3, auto);
    }
    .choice li button {
      width: 76px;
      padding: 0 var(--s2);
    }
    .hear {
      min-height: 48px;
      font-size: 1rem;
    }
  }
`;
