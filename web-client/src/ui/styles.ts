/* What all elements share: buttons, cards, chips, fields, focus. Tokens come from the page. */
import { css } from "lit";

export const shared = css`
  :host {
    box-sizing: border-box;
  }
  :host([hidden]) {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3 {
    font-family: var(--display);
    font-weight: 560;
    line-height: 1.12;
    letter-spacing: -0.01em;
    margin: 0;
    text-wrap: balance;
    overflow-wrap: anywhere;
  }
  h1 {
    font-size: var(--step-3);
  }
  h2 {
    font-size: var(--step-2);
  }
  h3 {
    font-size: var(--step-1);
  }
  p,
  ul,
  ol,
  dl,
  dd,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  a {
    color: var(--accent-ink);
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: var(--step--1);
  }
  .bad {
    color: var(--bad);
  }
  button,
  .button {
    font: inherit;
    font-weight: 600;
    min-height: 44px;
    padding: 0 var(--s5);
    border-radius: var(--pill);
    border: 1px solid var(--edge);
    background: var(--card);
    color: var(--ink);
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--s2);
    cursor: pointer;
    white-space: nowrap;
    text-decoration: none;
    transition:
      background var(--fast),
      transform var(--fast),
      border-color var(--fast);
    -webkit-tap-highlight-color: transparent;
    touch-action: manipulation;
  }
  @media (hover: hover) {
    button:hover,
    .button:hover {
      background: var(--sunk);
    }
    .primary:hover {
      background: color-mix(in srgb, var(--accent) 88%, var(--ink));
    }
  }
  button:active,
  .button:active {
    transform: scale(0.98);
  }
  button:disabled {
    opacity: 0.55;
    cursor: default;
    transform: none;
  }
  .primary {
    background: var(--accent);
    color: var(--on-accent);
    border-color: transparent;
  }
  .quiet {
    border-color: transparent;
    background: transparent;
  }
  .big {
    min-height: 56px;
    font-size: var(--step-1);
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  .card {
    background: var(--card);
    border: 1px solid var(--line);
    border-radius: var(--round);
    box-shadow: var(--shade);
    padding: var(--s5);
  }
  .chip {
    display: inline-flex;
    white-space: nowrap;
    align-items: center;
    gap: 6px;
    font-size: var(--step--1);
    font-weight: 600;
    padding: 3px 10px;
    border-radius: var(--pill);
    background: var(--sunk);
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  .chip.live {
    background: var(--accent-soft);
    color: var(--accent-ink);
  }
  .chip.live::before {
    content: "";
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: currentColor;
  }
  svg.i {
    width: 22px;
    height: 22px;
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.8;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  label,
  legend {
    font-weight: 600;
    display: block;
    padding: 0;
  }
  input:not([type="checkbox"], [type="radio"], [type="range"], .sr),
  select,
  textarea {
    font: inherit;
    width: 100%;
    min-height: 48px;
    padding: 0 var(--s4);
    border: 1px solid var(--edge);
    border-radius: 12px;
    background: var(--card);
    color: var(--ink);
  }
  textarea {
    min-height: 84px;
    padding: var(--s3) var(--s4);
    resize: vertical;
  }
  select {
    padding-right: var(--s6);
    text-overflow: ellipsis;
    appearance: none;
    background-image: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%238d8073' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='m6 9 6 6 6-6'/%3E%3C/svg%3E");
    background-size: 20px;
    background-position: right 14px center;
    background-repeat: no-repeat;
  }
  ::placeholder {
    color: var(--muted);
    opacity: 1;
  }
  [aria-invalid="true"] {
    border-color: var(--bad);
  }
  input[type="checkbox"],
  input[type="radio"] {
    width: 24px;
    height: 24px;
    margin: 0;
    flex: none;
    accent-color: var(--accent);
  }
  input[role="switch"] {
    appearance: none;
    width: 44px;
    height: 26px;
    border: 1px solid var(--edge);
    border-radius: var(--pill);
    background: var(--sunk);
    position: relative;
    cursor: pointer;
    transition: background var(--fast);
  }
  input[role="switch"]::before {
    content: "";
    position: absolute;
    left: 3px;
    top: 3px;
    width: 18px;
    height: 18px;
    border-radius: 50%;
    background: var(--edge);
    transition: transform var(--fast);
  }
  input[role="switch"]:checked {
    background: var(--accent);
    border-color: var(--accent);
  }
  input[role="switch"]:checked::before {
    background: var(--on-accent);
    transform: translateX(18px);
  }
  @media (forced-colors: active) {
    input[role="switch"] {
      appearance: auto;
    }
    input[role="switch"]::before {
      content: none;
    }
  }
  .field {
    display: grid;
    gap: 6px;
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .notice {
    display: flex;
    gap: var(--s3);
    align-items: center;
    padding: var(--s3) var(--s4);
    border-radius: var(--round);
    background: var(--bad-soft);
    color: var(--bad);
  }
  .notice svg.i {
    width: 20px;
    height: 20px;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      transition: none !important;
      animation: none !important;
    }
  }
`;

/* Things that lie on a picture, where it is always evening. */
export const onPicture = css`
  .glass {
    background: rgb(23 19 15 / 0.66);
    color: var(--lamp);
    backdrop-filter: blur(12px);
    -webkit-backdrop-filter: blur(12px);
    border: 0;
  }
`;
