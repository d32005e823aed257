/* input/sound.h: the wanted sound of a file as stereo at 48 kHz in which sample n is at n / 48000
 * s. */
#pragma once
#include "input/probe.h"
#include <gst/gst.h>

#define SOUND_RATE 48000

/* Launch syntax: from `entry`, where a decoded stream is linked to, to F32LE interleaved stereo.
 * audiorate fills holes, also the one before the first sample, and takes out what overlaps, once it
 * is more than 10 ms. */
#define SOUND_CHAIN                                                                                \
    "audioconvert name=entry ! audioresample ! audiorate tolerance=10000000 ! "                    \
    "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved "

/* Tells the audioconvert `entry` how to mix sound of `caps` when that has more than two channels,
 * and bounds the holes behind it. */
void sound_prepare(GstElement *entry, const GstCaps *caps);
