/* A visit with Mara (rep, camera and screen) and Jonas (customer, camera), as `welcome` tells it. */
import type { RoomState, ServerMessage } from "../../src/core/protocol";

export const room: RoomState = {
  visit: { id: "v1", title: "A lamp for the reading corner", state: "live", recording: "off", recording_active: false, recording_problem: null },
  participants: [
    { id: "mara", name: "Mara", role: "rep", present: true, consented: true, consented_recording: false },
    { id: "jonas", name: "Jonas", role: "customer", present: true, consented: true, consented_recording: false },
  ],
  sources: [
    { id: "s-cam", participant: "mara", kind: "camera", audio: true, video: true, alive: true, audio_alive: true, video_alive: true, matte_layout: null, person: null },
    { id: "s-screen", participant: "mara", kind: "screen", audio: false, video: true, alive: true, audio_alive: false, video_alive: true, matte_layout: null, person: null },
    { id: "s-jonas", participant: "jonas", kind: "camera", audio: true, video: true, alive: true, audio_alive: null, video_alive: null, matte_layout: null, person: null },
  ],
  stage: {
    main: "s-screen",
    video: ["s-cam", "s-screen", "s-jonas", null, null, null, null, null],
    audio: ["s-cam", null, "s-jonas", null, null, null, null, null],
  },
  questions: [],
};

export function welcome(as: string, role: "rep" | "customer", seq = 7): ServerMessage {
  return { type: "welcome", participant: as, role, state: room, id: "1", seq };
}
