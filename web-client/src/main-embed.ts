/* /w/{slug}/embed: the player alone, for other people's pages. It waits for a click. */
import { startWalkthrough } from "./walkthrough";

startWalkthrough({ embed: true });
