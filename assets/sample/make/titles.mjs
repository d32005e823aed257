// Words and lines over the film, in the type of Parlour: Fraunces for what is said, Inter for what is named.
const INK = '36 29 24', PAPER = '251 247 240', ACCENT = '181 74 36';
const clamp = (v) => Math.max(0, Math.min(1, v));
const ease = (v) => { const t = clamp(v); return t * t * (3 - 2 * t); };

export function createTitles(c, timeline) {
  const within = (s, from, to, soft = 0.6) => ease((s - from) / soft) * (1 - ease((s - to) / soft));

  function text(words, x, y, font, colour, alpha, spacing = '0px') {
    c.font = font;
    c.letterSpacing = spacing;
    c.fillStyle = `rgb(${colour} / ${alpha})`;
    c.fillText(words, x, y);
    c.letterSpacing = '0px';
  }

  function headline(s, big, small, colour, from, to, rise = 14) {
    const a = within(s, from, to);
    const b = within(s, from + 0.35, to);
    const y = 186;
    text(big, 84, y - 34 + (1 - a) * rise, '560 96px Fraunces', colour, a, '-2px');
    text(small, 90, y + 18 + (1 - b) * rise, '500 25px Inter', colour, b * 0.86);
  }

  function caption(s, words, colour, from, to, y = 122) {
    const a = within(s, from, to);
    c.fillStyle = `rgb(${colour === PAPER ? '255 154 107' : ACCENT} / ${a})`;
    c.fillRect(84, y - 43, 34 * ease((s - from) / 0.9), 3);
    text(words, 84, y + (1 - a) * 8, '560 36px Fraunces', colour, a, '-.4px');
  }

  function arrow(from, to, grow) {
    const middle = from.map((v, i) => (v + to[i]) / 2);
    const [a, b] = [from, to].map((p) => p.map((v, i) => middle[i] + (v - middle[i]) * grow));
    const [dx, dy] = [b[0] - a[0], b[1] - a[1]], n = Math.hypot(dx, dy) || 1;
    const tick = (p) => { c.moveTo(p[0] - dy / n * 8, p[1] + dx / n * 8); c.lineTo(p[0] + dy / n * 8, p[1] - dx / n * 8); };
    c.beginPath();
    c.moveTo(...a);
    c.lineTo(...b);
    tick(a);
    tick(b);
    c.stroke();
    return middle;
  }

  function measure(from, to, words, where, grow, alpha) {
    if (grow <= 0) return;
    c.strokeStyle = `rgb(${ACCENT} / ${alpha})`;
    c.lineWidth = 2.5;
    const [x, y] = arrow(from, to, grow);
    c.font = '600 25px Inter';
    const width = c.measureText(words).width + 28, [cx, cy] = [x + where[0], y + where[1]];
    const shown = alpha * ease((grow - 0.5) * 2);
    c.fillStyle = `rgb(${PAPER} / ${shown})`;
    c.beginPath();
    c.roundRect(cx - width / 2, cy - 21, width, 42, 21);
    c.fill();
    c.textAlign = 'center';
    text(words, cx, cy + 9, '600 25px Inter', INK, shown);
    c.textAlign = 'left';
  }

  const draws = {
    intro: (s) => headline(s, 'Arc', 'A floor lamp by Lumen Lamps', INK, 0.9, 7.2),
    shade: (s, length) => caption(s, 'The turning shade', INK, 0.8, length - 1.2),
    joint: (s, length) => {
      caption(s, 'The joint', INK, 0.8, length - 1.2, 600);
      const a = within(s, 3, length - 1.2);
      text('Solid oak, oiled by hand', 84, 634, '500 21px Inter', INK, a * 0.8);
    },
    size: (s, length, project) => {
      caption(s, 'True size', INK, 0.6, length - 1.2);
      const fade = 1 - ease((s - length + 1) / 0.6);
      measure(project(-0.34, 0, 0), project(-0.34, 1.426, 0), '142.6 cm', [0, 0], ease((s - 0.9) / 1.1), fade);
      measure(project(-0.142, -0.085, 0.1), project(0.142, -0.085, 0.1), '28.4 cm', [0, 36], ease((s - 5.2) / 0.9), fade);
      measure(project(-0.142, 1.53, 0), project(0.65, 1.53, 0), '79.2 cm', [0, 0], ease((s - 2.4) / 1.1), fade);
    },
    night: (s, length) => {
      caption(s, 'Light at night', PAPER, 3, length - 1);
      const a = within(s, 7.4, length - 1);
      text('800 lumens from 8 watts', 84, 156, '500 21px Inter', PAPER, a * 0.82);
    },
    end: (s, length) => headline(s, 'In your room?', 'Ask us. We will bring Arc to you.', PAPER, 0.9, length + 5),
  };

  return {
    draw(shot, s, length, project, alpha) {
      c.save();
      c.globalAlpha = alpha;
      c.textBaseline = 'alphabetic';
      draws[shot](s, length, project);
      c.restore();
    },
    /** From paper at the start, to night at the end. */
    veil(seconds, duration) {
      const start = 1 - ease(seconds / 0.9), end = ease((seconds - duration + 1.2) / 1.1);
      c.fillStyle = start > 0 ? `rgb(${PAPER} / ${start})` : `rgb(23 19 15 / ${end})`;
      if (start > 0 || end > 0) c.fillRect(0, 0, 1280, 720);
    },
  };
}
