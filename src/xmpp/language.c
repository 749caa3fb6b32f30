#include "xmpp/language.h"

#include "base/buf.h"
#include "base/siphash.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct language languages[] = {
	{
		.code = "en",
		.actions = {
			"Somebody at $a wants to read “$n” in your name.",
			"Somebody at $a wants to look at “$n” in your name.",
			"Somebody at $a wants to store “$n” in your name.",
			"Somebody at $a wants to delete “$n” in your name.",
			"Somebody at $a wants to create the folder “$n” in your name.",
			"Somebody at $a wants to copy “$n” in your name.",
			"Somebody at $a wants to move or rename “$n” in your name.",
			"Somebody at $a wants to lock “$n” in your name.",
			"Somebody at $a wants to unlock “$n” in your name.",
			"Somebody at $a wants to change the readers or properties of “$n” in your name.",
			"Somebody at $a wants to change “$n” in your name.",
		},
		.size = "Its size is $s.",
		.owner = "It was stored by $o.",
		.word = "The word that goes with it is “$w”.",
		.answer = "If that is you, answer OK; if not, answer No.",
		.more = "OK also allows one download or one upload there.",
		.request = "The request: $m $u",
		.byte = "byte", .bytes = "bytes", .units = {"kB", "MB", "GB", "TB"}, .point = ".",
		.yes = {"ok", "okay", "yes", "y", "yep"},
		.no = {"no", "n", "nope", "not", "never", "stop", "cancel", "canceled", "cancelled", "deny", "denied",
			"reject", "rejected", "decline", "declined", "refuse", "refused"},
	},
	{
		.code = "de",
		.actions = {
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen lesen.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen ansehen.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen ablegen.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen löschen.",
			"Jemand mit der Adresse $a möchte den Ordner „$n“ in Ihrem Namen anlegen.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen kopieren.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen verschieben oder umbenennen.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen sperren.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen entsperren.",
			"Jemand mit der Adresse $a möchte die Leserliste oder die Eigenschaften von „$n“ in Ihrem Namen ändern.",
			"Jemand mit der Adresse $a möchte „$n“ in Ihrem Namen ändern.",
		},
		.size = "Die Größe beträgt $s.",
		.owner = "Abgelegt hat es $o.",
		.word = "Das Wort dazu lautet „$w“.",
		.answer = "Wenn Sie das sind, antworten Sie mit OK oder Ja, sonst mit Nein.",
		.more = "Ein Ja erlaubt außerdem, dort einmal etwas herunter- oder hochzuladen.",
		.request = "Die Anfrage: $m $u",
		.byte = "Byte", .bytes = "Byte", .units = {"kB", "MB", "GB", "TB"}, .point = ",",
		.yes = {"ja", "j", "jawohl", "jo"},
		.no = {"nein", "nee", "nö", "nie", "niemals", "stopp", "abbrechen", "abbruch", "ablehnen", "abgelehnt",
			"verweigern", "verweigert"},
	},
	{
		.code = "fr",
		.actions = {
			"Quelqu’un depuis l’adresse $a veut lire «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut consulter «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut déposer «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut supprimer «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut créer le dossier «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut copier «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut déplacer ou renommer «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut verrouiller «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut déverrouiller «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut modifier la liste des lecteurs ou les propriétés de «\u00a0$n\u00a0» en votre nom.",
			"Quelqu’un depuis l’adresse $a veut modifier «\u00a0$n\u00a0» en votre nom.",
		},
		.size = "Sa taille est de $s.",
		.owner = "C’est $o qui l’a déposé.",
		.word = "Le mot qui l’accompagne est «\u00a0$w\u00a0».",
		.answer = "Si c’est bien vous, répondez OK ou Oui\u00a0; sinon, répondez Non.",
		.more = "Un oui y autorise aussi, une seule fois, un téléchargement ou un dépôt.",
		.request = "La requête\u00a0: $m $u",
		.byte = "octet", .bytes = "octets", .units = {"ko", "Mo", "Go", "To"}, .point = ",",
		.yes = {"oui", "ouais", "d'accord", "d’accord"},
		.no = {"non", "jamais", "annuler", "refuser", "refusé"},
	},
	{
		.code = "es",
		.actions = {
			"Alguien desde la dirección $a quiere leer «$n» en su nombre.",
			"Alguien desde la dirección $a quiere ver «$n» en su nombre.",
			"Alguien desde la dirección $a quiere guardar «$n» en su nombre.",
			"Alguien desde la dirección $a quiere borrar «$n» en su nombre.",
			"Alguien desde la dirección $a quiere crear la carpeta «$n» en su nombre.",
			"Alguien desde la dirección $a quiere copiar «$n» en su nombre.",
			"Alguien desde la dirección $a quiere mover o renombrar «$n» en su nombre.",
			"Alguien desde la dirección $a quiere bloquear «$n» en su nombre.",
			"Alguien desde la dirección $a quiere desbloquear «$n» en su nombre.",
			"Alguien desde la dirección $a quiere cambiar la lista de lectores o las propiedades de «$n» en su nombre.",
			"Alguien desde la dirección $a quiere cambiar «$n» en su nombre.",
		},
		.size = "Su tamaño es de $s.",
		.owner = "Lo ha subido $o.",
		.word = "La palabra que lo acompaña es «$w».",
		.answer = "Si es usted, responda OK o Sí; si no, responda No.",
		.more = "Un sí permite además una única descarga o subida allí.",
		.request = "La petición: $m $u",
		.byte = "byte", .bytes = "bytes", .units = {"kB", "MB", "GB", "TB"}, .point = ",",
		.yes = {"sí", "si", "vale"},
		.no = {"no", "nunca", "cancelar", "denegar", "rechazar", "rechazado"},
	},
};

/* Which of the actions a method is; the last one is for what is not here. */
static const struct {
	const char *method;
	size_t action;
} methods[] = {
	{"GET",       0},
	{"HEAD",      1},
	{"OPTIONS",   1},
	{"PROPFIND",  1},
	{"REPORT",    1},
	{"PUT",       2},
	{"DELETE",    3},
	{"MKCOL",     4},
	{"COPY",      5},
	{"MOVE",      6},
	{"LOCK",      7},
	{"UNLOCK",    8},
	{"PROPPATCH", 9},
};
/* clang-format on */

enum { LANGUAGES = sizeof(languages) / sizeof(*languages) };

const struct language *language_of(const char *lang)
{
	size_t length = lang ? strcspn(lang, "-_") : 0;

	for (size_t i = 0; i < LANGUAGES; i++)
		if (strlen(languages[i].code) == length &&
			strncasecmp(languages[i].code, lang, length) == 0)
			return &languages[i];
	return &languages[0];
}

void language_put_size(struct buf *out, const struct language *language, uint64_t size)
{
	uint64_t unit = 1000;
	size_t i = 0;

	if (size < 1000) {
		buf_printf(out, "%d %s", (int)size, size == 1 ? language->byte : language->bytes);
		return;
	}
	/* 999.5 of one unit is 1.0 of the next. */
	while (i + 1 < LANGUAGE_UNITS && size >= unit * 1000 - unit / 2) {
		unit *= 1000;
		i++;
	}
	if ((size + unit / 20) / (unit / 10) < 100)
		buf_printf(out, "%d%s%d", (int)((size + unit / 20) / unit), language->point,
			(int)((size + unit / 20) / (unit / 10) % 10));
	else
		buf_printf(out, "%llu", (unsigned long long)((size + unit / 2) / unit));
	buf_printf(out, " %s", language->units[i]);
}

const char *language_action(const struct language *language, const char *method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].method, method) == 0)
			return language->actions[methods[i].action];
	return language->actions[LANGUAGE_ACTIONS - 1];
}

static bool is_one_of(const char *word, const char *const words[LANGUAGE_WORDS])
{
	for (size_t i = 0; words[i]; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

bool language_says_yes(const char *word)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (is_one_of(word, languages[i].yes))
			return true;
	return false;
}

bool language_says_no(const char *word)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (is_one_of(word, languages[i].no))
			return true;
	return false;
}

/* ---- who speaks what ---- */

enum { SETS = 512, WAYS = 8 };

/* A JID is told by its hash alone: to be taken for another, whose prompts are then in the wrong language, takes one chance in 2^55. */
struct speaker {
	uint64_t hash;
	uint64_t heard; /* when, counted in stanzas; 0: free */
	const struct language *language;
};

struct speakers {
	struct siphash_key key;
	uint64_t stanzas;
	struct speaker sets[SETS][WAYS];
};

/* The speaker's own place; NULL: none. */
static struct speaker *find(struct speaker *set, uint64_t hash)
{
	for (size_t i = 0; i < WAYS; i++)
		if (set[i].heard && set[i].hash == hash)
			return &set[i];
	return NULL;
}

static struct speaker *oldest(struct speaker *set)
{
	struct speaker *found = set;

	for (size_t i = 1; i < WAYS; i++)
		if (set[i].heard < found->heard)
			found = &set[i];
	return found;
}

void speaker_heard(struct speakers *speakers, const char *bare, const char *lang)
{
	uint64_t hash = siphash(&speakers->key, bare, strlen(bare));
	struct speaker *set = speakers->sets[hash % SETS], *speaker = find(set, hash);

	if (!speaker)
		speaker = oldest(set);
	*speaker = (struct speaker){hash, ++speakers->stanzas, language_of(lang)};
}

const struct language *speaker_language(const struct speakers *speakers, const char *bare)
{
	uint64_t hash = siphash(&speakers->key, bare, strlen(bare));
	const struct speaker *speaker = find((struct speaker *)speakers->sets[hash % SETS], hash);

	return speaker ? speaker->language : NULL;
}

struct speakers *speakers_open(void)
{
	struct speakers *speakers = calloc(1, sizeof(*speakers));

	if (!speakers)
		abort();
	siphash_key_make(&speakers->key);
	return speakers;
}

void speakers_close(struct speakers *speakers)
{
	free(speakers);
}
