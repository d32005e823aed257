/* <pl-lobby-art>: the room that waits: an armchair, a lamp, a window. By day and, in the dark theme,
 * by lamplight. The middle third holds what a phone shows of it. */
import { css, html, LitElement } from "lit";
import { customElement } from "lit/decorators.js";

@customElement("pl-lobby-art")
export class LobbyArt extends LitElement {
  static override styles = css`
    :host {
      display: block;
      overflow: hidden;
      background: var(--wall-2);
    }
    svg {
      display: block;
      width: 100%;
      height: 100%;
    }
  `;

  override render() {
    return html`<svg viewBox="0 0 1200 1000" preserveAspectRatio="xMidYMax slice" aria-hidden="true">
      <defs>
        <linearGradient id="wall" x2="0" y2="1">
          <stop style="stop-color:var(--wall-1)" /><stop offset="1" style="stop-color:var(--wall-2)" />
        </linearGradient>
        <linearGradient id="floor" x2="0" y2="1">
          <stop style="stop-color:var(--floor-1)" /><stop offset="1" style="stop-color:var(--floor-2)" />
        </linearGradient>
        <radialGradient id="halo">
          <stop style="stop-color:var(--halo)" /><stop offset="1" style="stop-color:var(--halo);stop-opacity:0" />
        </radialGradient>
        <radialGradient id="shadow">
          <stop stop-color="#000" stop-opacity=".42" /><stop offset="1" stop-color="#000" stop-opacity="0" />
        </radialGradient>
      </defs>
      <rect width="1200" height="742" fill="url(#wall)" />
      <rect y="742" width="1200" height="258" fill="url(#floor)" />
      <rect y="734" width="1200" height="8" style="fill:var(--frame)" opacity=".35" />
      <!-- window -->
      <g>
        <rect x="396" y="206" width="168" height="232" rx="4" style="fill:var(--frame)" />
        <rect x="406" y="216" width="70" height="102" style="fill:var(--pane)" />
        <rect x="484" y="216" width="70" height="102" style="fill:var(--pane)" />
        <rect x="406" y="326" width="70" height="102" style="fill:var(--pane)" />
        <rect x="484" y="326" width="70" height="102" style="fill:var(--pane)" />
        <rect x="384" y="438" width="192" height="12" rx="3" style="fill:var(--frame)" />
      </g>
      <!-- pictures on the wall, seen on wide screens -->
      <g>
        <rect x="150" y="250" width="120" height="160" rx="3" style="fill:var(--frame)" />
        <rect x="162" y="262" width="96" height="136" style="fill:var(--sofa-1)" opacity=".7" />
        <circle cx="210" cy="318" r="26" style="fill:var(--light)" opacity=".8" />
        <rect x="940" y="228" width="150" height="110" rx="3" style="fill:var(--frame)" />
        <rect x="952" y="240" width="126" height="86" style="fill:var(--rug)" opacity=".6" />
        <path d="M952 326l40-44 32 28 26-20 28 36z" style="fill:var(--wood)" opacity=".4" />
      </g>
      <!-- sideboard -->
      <g>
        <ellipse cx="196" cy="792" rx="180" ry="20" fill="url(#shadow)" />
        <path d="M68 772v22M324 772v22" style="stroke:var(--wood)" stroke-width="10" />
        <rect x="48" y="640" width="296" height="136" rx="8" style="fill:var(--wood)" />
        <path d="M196 652v112M60 708h124M208 708h124" style="stroke:var(--rug)" stroke-width="3" opacity=".5" />
        <rect x="92" y="584" width="26" height="56" rx="4" style="fill:var(--rug)" />
        <rect x="120" y="572" width="22" height="68" rx="4" style="fill:var(--sofa-2)" />
        <rect x="144" y="590" width="30" height="50" rx="4" style="fill:var(--light)" opacity=".7" />
        <path d="M258 640c-16-26-14-44 0-66 14 22 16 40 0 66z" style="fill:var(--leaf)" />
      </g>
      <!-- plant -->
      <g>
        <ellipse cx="1010" cy="806" rx="110" ry="18" fill="url(#shadow)" />
        <path
          d="M1010 680c-70-30-92-90-86-150 54 26 84 74 86 150zm0 0c-24-86 6-150 46-186 30 60 22 130-46 186zm0 6c40-66 92-84 142-72-18 52-70 84-142 72z"
          style="fill:var(--leaf)"
        />
        <path d="M958 682h104l-16 122h-72z" style="fill:var(--rug)" />
      </g>
      <!-- rug, lamp and armchair -->
      <ellipse cx="612" cy="862" rx="330" ry="62" style="fill:var(--rug)" opacity=".55" />
      <ellipse cx="612" cy="862" rx="290" ry="50" fill="none" style="stroke:var(--frame)" stroke-width="3" opacity=".4" />
      <circle cx="752" cy="392" r="330" fill="url(#halo)" />
      <ellipse cx="752" cy="820" rx="76" ry="13" fill="url(#shadow)" />
      <rect x="747" y="440" width="9" height="372" style="fill:var(--wood)" />
      <path d="M702 818c0-15 100-15 100 0z" style="fill:var(--wood)" />
      <path d="M690 446l30-128h64l30 128z" style="fill:var(--light)" />
      <ellipse cx="576" cy="846" rx="170" ry="24" fill="url(#shadow)" />
      <path d="M468 800v44M684 800v44" style="stroke:var(--wood)" stroke-width="13" stroke-linecap="round" />
      <path d="M464 700c-8-96 8-170 44-184 40-14 96-14 136 0 36 14 52 88 44 184z" style="fill:var(--sofa-1)" />
      <path d="M500 708c-4-70 8-128 30-140 28-10 64-10 92 0 22 12 34 70 30 140z" style="fill:var(--sofa-2)" opacity=".55" />
      <rect x="478" y="694" width="196" height="72" rx="22" style="fill:var(--sofa-1)" />
      <path d="M478 742c40 14 156 14 196 0v40a30 30 0 01-30 30H508a30 30 0 01-30-30z" style="fill:var(--sofa-2)" />
      <rect x="426" y="660" width="64" height="152" rx="30" style="fill:var(--sofa-1)" />
      <rect x="662" y="660" width="64" height="152" rx="30" style="fill:var(--sofa-1)" />
      <path d="M426 724v58a30 30 0 0030 30h4v-92zM726 724v58a30 30 0 01-30 30h-4v-92z" style="fill:var(--sofa-2)" opacity=".5" />
      <path d="M532 640c24-16 70-16 92 2 6 24 4 50-4 64-26 10-62 10-86 0-8-18-8-46-2-66z" style="fill:var(--rug)" />
    </svg>`;
  }
}
