// @vitest-environment jsdom
/* The ways to play a file, and what the page is told of it. hls.js itself is not run here (tests/e2e does). */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { FileFilm, waysFor, type FileState } from "../../src/media/file-film";
import type { Position } from "../../src/core/playback";

const film = { hls: "/h.m3u8", mp4: "/f.mp4", token: null };
const chrome = { playsHls: false, mediaSource: true, managed: false };

describe("the ways to play a film", () => {
  test.each([
    ["a browser with MediaSource", film, chrome, ["hls.js", "mp4"]],
    ["one that claims HLS beside it", film, { ...chrome, playsHls: true }, ["hls.js", "mp4"]],
    ["an iPhone of old", film, { playsHls: true, mediaSource: false, managed: false }, ["native", "mp4"]],
    ["an iPhone of today", film, { playsHls: true, mediaSource: true, managed: true }, ["native", "hls.js", "mp4"]],
    ["a private replay there", { ...film, token: "t" }, { playsHls: true, mediaSource: true, managed: true }, ["hls.js", "mp4"]],
    ["neither", film, { playsHls: false, mediaSource: false, managed: false }, ["mp4"]],
    ["a film without HLS", { ...film, hls: null }, chrome, ["mp4"]],
    ["a film without files", { hls: null, mp4: null, token: null }, chrome, []],
  ])("%s", (_, what, can, ways) => {
    expect(waysFor(what, can)).toEqual(ways);
  });
});

describe("a film from a file", () => {
  let video: HTMLVideoElement;
  let told: { state: FileState; position: Position }[];
  let started: number;
  let life: AbortController;
  const property = (name: string, value: unknown): void => {
    Object.defineProperty(video, name, { value, configurable: true, writable: true });
  };
  const open = (more: object = {}): FileFilm =>
    new FileFilm({
      video, hls: null, mp4: "/f.mp4", token: null, from: 12, rate: 1.5, playing: true, signal: life.signal,
      onchange: (state, position) => told.push({ state, position }),
      start: () => {
        started++;
      },
      ...more,
    });
  const last = () => told.at(-1);

  beforeEach(() => {
    video = document.createElement("video");
    told = [];
    started = 0;
    life = new AbortController();
    video.load = vi.fn();
    video.pause = vi.fn();
    video.canPlayType = () => "";
    property("readyState", 4);
    property("paused", false);
    property("ended", false);
    property("seeking", false);
    property("duration", 84);
  });

  test("goes on where the stream was left, at the speed that was wished", () => {
    open();
    video.dispatchEvent(new Event("loadedmetadata"));
    expect(video.currentTime).toBe(12);
    expect(video.playbackRate).toBe(1.5);
    expect(started).toBe(1);
    video.dispatchEvent(new Event("playing"));
    expect(last()).toEqual({ state: "playing", position: { state: "playing", t: 12, rate: 1.5, duration: 84 } });
  });

  test("stays paused when it was", () => {
    property("paused", true);
    open({ playing: false });
    video.dispatchEvent(new Event("loadedmetadata"));
    expect(started).toBe(0);
    expect(last()?.state).toBe("paused");
  });

  test("ends, and starts again from the beginning", () => {
    const played = open();
    video.dispatchEvent(new Event("loadedmetadata"));
    video.currentTime = 84;
    property("ended", true);
    video.dispatchEvent(new Event("ended"));
    expect(last()?.position.state).toBe("ended");
    played.play();
    expect(video.currentTime).toBe(0);
    expect(started).toBe(2);
  });

  test("says that it failed when no way is left", () => {
    open();
    property("error", { code: 4 });
    video.dispatchEvent(new Event("error"));
    expect(last()?.state).toBe("failed");
  });

  test("lets go of the element when it is closed", () => {
    open();
    life.abort();
    expect(video.getAttribute("src")).toBeNull();
  });
});
