/* Icons of lucide, one stroke weight. Decorative always: the control beside them has the words. */
import { html, type TemplateResult } from "lit";
import { unsafeSVG } from "lit/directives/unsafe-svg.js";
import captions from "lucide-static/icons/captions.svg?raw";
import captionsOff from "lucide-static/icons/captions-off.svg?raw";
import check from "lucide-static/icons/check.svg?raw";
import copy from "lucide-static/icons/copy.svg?raw";
import doorOpen from "lucide-static/icons/door-open.svg?raw";
import ear from "lucide-static/icons/ear.svg?raw";
import film from "lucide-static/icons/film.svg?raw";
import gauge from "lucide-static/icons/gauge.svg?raw";
import info from "lucide-static/icons/info.svg?raw";
import lamp from "lucide-static/icons/lamp-floor.svg?raw";
import leave from "lucide-static/icons/log-out.svg?raw";
import maximize from "lucide-static/icons/maximize.svg?raw";
import mic from "lucide-static/icons/mic.svg?raw";
import micOff from "lucide-static/icons/mic-off.svg?raw";
import minimize from "lucide-static/icons/minimize.svg?raw";
import pause from "lucide-static/icons/pause.svg?raw";
import play from "lucide-static/icons/play.svg?raw";
import plus from "lucide-static/icons/plus.svg?raw";
import qr from "lucide-static/icons/qr-code.svg?raw";
import replay from "lucide-static/icons/rotate-ccw.svg?raw";
import screen from "lucide-static/icons/screen-share.svg?raw";
import shield from "lucide-static/icons/shield-check.svg?raw";
import video from "lucide-static/icons/video.svg?raw";
import videoOff from "lucide-static/icons/video-off.svg?raw";
import visits from "lucide-static/icons/armchair.svg?raw";
import volume from "lucide-static/icons/volume-2.svg?raw";
import volumeOff from "lucide-static/icons/volume-x.svg?raw";
import warn from "lucide-static/icons/triangle-alert.svg?raw";
import whole from "lucide-static/icons/proportions.svg?raw";
import x from "lucide-static/icons/x.svg?raw";
import back from "lucide-static/icons/arrow-left.svg?raw";
import record from "lucide-static/icons/disc.svg?raw";
import upload from "lucide-static/icons/upload.svg?raw";
import trash from "lucide-static/icons/trash-2.svg?raw";
import more from "lucide-static/icons/ellipsis.svg?raw";
import globe from "lucide-static/icons/globe.svg?raw";
import code from "lucide-static/icons/code.svg?raw";
import key from "lucide-static/icons/key-round.svg?raw";
import cube from "lucide-static/icons/box.svg?raw";
import eye from "lucide-static/icons/eye.svg?raw";
import eyeOff from "lucide-static/icons/eye-off.svg?raw";
import radio from "lucide-static/icons/radio-tower.svg?raw";
import slides from "lucide-static/icons/presentation.svg?raw";
import ask from "lucide-static/icons/message-circle-question-mark.svg?raw";
import send from "lucide-static/icons/send-horizontal.svg?raw";
import link from "lucide-static/icons/link.svg?raw";
import settings from "lucide-static/icons/settings-2.svg?raw";
import hand from "lucide-static/icons/hand.svg?raw";
import next from "lucide-static/icons/chevron-right.svg?raw";
import person from "lucide-static/icons/user-round.svg?raw";
import plug from "lucide-static/icons/plug.svg?raw";
import photo from "lucide-static/icons/camera.svg?raw";
import turn from "lucide-static/icons/rotate-cw.svg?raw";
import putBack from "lucide-static/icons/undo-2.svg?raw";
import ruler from "lucide-static/icons/ruler.svg?raw";
import phone from "lucide-static/icons/smartphone.svg?raw";
import headMoves from "lucide-static/icons/scan-face.svg?raw";
import smaller from "lucide-static/icons/zoom-out.svg?raw";
import larger from "lucide-static/icons/zoom-in.svg?raw";
import inRoom from "lucide-static/icons/person-standing.svg?raw";
import hourglass from "lucide-static/icons/hourglass.svg?raw";
import wifiOff from "lucide-static/icons/wifi-off.svg?raw";

const raw = {
  back, captions, captionsOff, check, copy, doorOpen, ear, film, gauge, info, lamp, leave, maximize, mic,
  micOff, minimize, pause, play, plus, qr, record, replay, screen, shield, video, videoOff, visits, volume,
  volumeOff, warn, whole, wifiOff, x,
  cube, upload, trash, more, globe, code, key, eye, eyeOff, radio, slides, ask, send, link, settings, hand, next, person, plug, hourglass,
  photo, turn, putBack, ruler, phone, headMoves, smaller, larger, inRoom,
};

export type IconName = keyof typeof raw;

/* The drawing without lucide's wrapper, which sets a size and a weight of its own. */
function inner(file: string): string {
  return file.slice(file.indexOf(">", file.indexOf("<svg")) + 1, file.lastIndexOf("</svg>"));
}

export function icon(name: IconName): TemplateResult {
  return html`<svg class="i" viewBox="0 0 24 24" aria-hidden="true">${unsafeSVG(inner(raw[name]))}</svg>`;
}
