"""The words by which people ask for things, in English and, for what matters most, in six other languages.

A table is text: entries are divided by commas, and an entry may be several words.
"""

from enum import Enum, auto


class Meaning(Enum):
    """What a word or phrase asks for."""

    SUBSCRIBE = auto()
    CONFIRM = auto()
    DECLINE = auto()
    LEAVE = auto()
    #: "don't send me …": leaving, but the opposite of whatever else stands in the line
    REFUSE = auto()
    PAUSE = auto()
    RESUME = auto()
    INTERESTS = auto()
    DATA = auto()
    ERASE = auto()
    HELP = auto()


def phrases(table: str) -> frozenset[str]:
    """The entries of a table, as casefold writes them."""
    return frozenset(phrase for one in table.split(",") if (phrase := " ".join(one.casefold().split())))


#: What means leaving wherever it stands, and nothing else.
CLEARLY_LEAVE = phrases(
    """
    unsubscribe, unsubscribed, unsubscription, unsub, unsuscribe, unsubcribe, unsubscibe, unsubscrib, unscribe,
    un-subscribe, desubscribe, take my address off, take my name off, take my email off, take us off, get me off,
    want out, leave me alone, opt out, opt me out, optout, opt-out, signoff, sign me off, take me off, remove me,
    abmelden, abbestellen, abmeldung, austragen, abbestellung, kündigung, désabonner, desabonner, désinscrire,
    desinscrire, désabonnement, désinscription, désabonnez, désinscrivez, me désabonner, me désinscrire, baja,
    dar de baja, darme de baja, denme de baja, dame de baja, desuscribir, desuscribirme, desuscribirse, disiscriviti,
    disiscrivimi, disiscrivi, disiscrizione, cancellami, cancellarmi, descadastrar, desinscrever, desinscrição,
    afmelden, uitschrijven, melden sie mich ab, melden sie mich bitte ab, melde mich ab, melde mich bitte ab,
    tragen sie mich aus, tragen sie mich bitte aus, nehmen sie mich, nehmen sie mich bitte
    """
)
_LEAVE = phrases(
    """
    stop, stopp, leave, quit, cancel, remove, end, sign off, kündigen, stoppen, arrêter, arrêtez, parar, pare, basta,
    cancelar, annullare, annulla, opzeggen, annuler, résilier
    """
)
#: Of words that alone mean to be erased.
_LEAVE_LIST = phrases(
    """
    delete me from, erase me from, delete my address, delete my email, delete my email address, remove my address,
    remove my email, remove my email address, no longer wish to be subscribed, no longer want to be subscribed
    """
)
_REFUSE = phrases(
    """
    don't send, dont send, do not send, don't email, dont email, do not email, don't mail, do not mail,
    don't contact, do not contact, don't want, dont want, do not want, don't wish, do not wish, no longer want,
    no longer wish, no longer interested, not interested, no more, never send, never email, never contact,
    keine weiteren, nicht mehr, kein interesse, ne plus, plus d'e-mails, no quiero, non voglio, não quero, niet meer
    """
)
_SUBSCRIBE = phrases(
    """
    subscribe, subscribing, suscribe, subcribe, subscibe, resubscribe, re-subscribe, join, sign up, signup,
    sign me up, sign-up, add me, register, opt in, opt me in, enroll, enrol, abonnieren, anmelden, anmeldung,
    eintragen, s'abonner, abonner, m'abonner, abonnez, inscrire, m'inscrire, s'inscrire, suscribir, suscribirme,
    suscribirse, suscríbeme, inscribirme, alta, dar de alta, darme de alta, iscrivimi, iscriviti, iscrivi,
    iscrivermi, iscrivere, abbonarmi, subscrever, inscrever, assinar, inscreva, aanmelden, inschrijven, abonneren,
    abonneer, melden sie mich an, melden sie mich bitte an, melde mich an
    """
)
YES = phrases(
    """
    yes, yep, yeah, yes please, ok, okay, confirm, confirmed, i confirm, sure, of course, i agree, agreed, accept,
    absolutely, correct, ja, ja bitte, jawohl, gerne, bestätige, bestätigen, ich bestätige, bestätigt, oui, d'accord,
    je confirme, confirmer, confirmé, sí, si, claro, confirmo, confirmar, sì, confermo, conferma, confermare,
    va bene, sim, ja graag, bevestig, bevestigen, ik bevestig, akkoord
    """
)
NO = phrases(
    """
    no, nope, not me, wasn't me, it wasn't me, this wasn't me, that wasn't me, was not me, it was not me, decline,
    nein, i did not, i didn't, i did not subscribe, i didn't subscribe, i never subscribed, i did not sign up,
    i didn't sign up, i never signed up, i did not ask, i didn't ask, i did not request, i didn't request, nicht ich,
    das war ich nicht, war ich nicht, non, pas moi, ce n'était pas moi, no fui yo, yo no, non sono io,
    non sono stato io, não, não fui eu, nee, niet ik, ik niet, ablehnen, no thanks, no thank you, non merci,
    no gracias, no grazie, não obrigado, nee bedankt, nein danke
    """
)
_PAUSE = phrases(
    """
    pause, suspend, snooze, pausieren, pausiere, pausar, pausa, mettre en pause, mettez en pause, suspender,
    sospendere, pauzeer, pauzeren
    """
)
_RESUME = phrases(
    """
    resume, unpause, continue, restart, start again, end pause, end the pause, end my pause, stop pause,
    stop the pause, cancel pause, cancel the pause, cancel my pause, fortsetzen, weiter, reprendre, reanudar,
    riprendere, riprendi, retomar, hervatten
    """
)
_INTERESTS = phrases(
    """
    interests, interest, my interests, topics, my topics, interessen, intérêts, intereses, interessi
    """
)
_DATA = phrases(
    """
    data, my data, export, my export, export my data, what do you know about me, what data do you have, gdpr export,
    download my data, meine daten, mes données, mis datos, i miei dati, meus dados, mijn gegevens
    """
)
_ERASE = phrases(
    """
    erase, erase me, forget me, delete me, delete my data, erase my data, remove my data, delete my account, delete,
    delete all my data, erase all my data, delete my personal data, delete my information, remove my account,
    delete all data, delete everything about me, erase everything about me, erase everything, meine daten löschen,
    lösche meine daten, löschen sie meine daten, supprimer mes données, supprimez mes données, borrar mis datos,
    borra mis datos, cancella i miei dati, apagar meus dados, verwijder mijn gegevens
    """
)
_HELP = phrases(
    """
    help, commands, how do i, how can i, how to, how does this work, instructions, hilfe, aide, ayuda, aiuto, ajuda,
    hulp
    """
)

#: Before a link these suggest it to others; without one they mean nothing.
SUGGEST = phrases(
    """
    submit, suggest, suggesting, suggestion, submission, recommend, propose, vorschlagen, vorschlag, einreichen,
    empfehlen, proposer, propose, suggérer, suggère, suggestion, recommander, sugerir, sugiero, sugerencia, suggerire,
    suggerisco, sugiro, sugestão, voorstellen, aanraden
    """
)

#: Every word and phrase that means something; the longest that fits counts.
MEANINGS: dict[str, Meaning] = {
    **dict.fromkeys(_SUBSCRIBE, Meaning.SUBSCRIBE),
    **dict.fromkeys(YES, Meaning.CONFIRM),
    **dict.fromkeys(NO, Meaning.DECLINE),
    **dict.fromkeys(_REFUSE, Meaning.REFUSE),
    **dict.fromkeys(CLEARLY_LEAVE | _LEAVE | _LEAVE_LIST, Meaning.LEAVE),
    **dict.fromkeys(_PAUSE, Meaning.PAUSE),
    **dict.fromkeys(_RESUME, Meaning.RESUME),
    **dict.fromkeys(_INTERESTS, Meaning.INTERESTS),
    **dict.fromkeys(_DATA, Meaning.DATA),
    **dict.fromkeys(_ERASE, Meaning.ERASE),
    **dict.fromkeys(_HELP, Meaning.HELP),
}
LONGEST = max(phrase.count(" ") + 1 for phrase in MEANINGS)
#: Without one of these phrases no mail is taken for leaving.
LEAVE_PHRASES = CLEARLY_LEAVE | _LEAVE | _LEAVE_LIST | _REFUSE

#: Words that ask for nothing: politeness, and what commands are about anyway.
FILLERS = phrases(
    """
    please, pls, plz, kindly, thanks, thank, thx, hi, hello, hey, dear, there, all, team, everyone, sir, madam,
    again, so, i, i'd, i'm, i'll, we, me, us, you, they, it, my, mine, our, your, yours, myself, this, that, these,
    those, them, the, a, an, to, from, of, off, for, on, in, at, with, by, and, or, just, now, immediately, asap,
    right, away, today, here, would, like, want, wish, love, need, could, can, will, shall, may, do, let, get,
    getting, receive, receiving, be, being, have, am, is, are, much, very, up, out, any, anymore, more, further,
    future, ever, once, everything, completely, too, list, lists, mailing, mailinglist, newsletter, newsletters,
    letter, letters, digest, issue, issues, update, updates, email, emails, e-mail, e-mails, mail, mails, message,
    messages, subscription, subscriptions, address, addresses, sending, send, emailing, spamming, spam, database,
    distribution, system, account, notifications, stuff, show, request, service, wants, forever, good, morning, day,
    afternoon, evening, advance, lot, many, as, soon, possible, best, regards, cheers, sincerely, kind, greetings,
    sorry, well, then, go, ahead, bitte, danke, ich, mich, mir, möchte, würde, den, die, das, der, dem, vom, von,
    aus, ihren, ihrem, eurem, euren, diesen, diesem, dieser, verteiler, liste, sie, mein, meine, meinen, abo, hallo,
    zum, für, einen, jetzt, ab, zu, es, sich, keine, um, beim, mehr, liebes, wieder, je, moi, veux, voudrais,
    souhaite, vous, votre, vos, la, le, les, de, du, des, cette, ce, à, svp, s'il, plaît, plait, merci, bonjour,
    lettre, d'information, infolettre, mon, mes, par, suis, dans, recevoir, courriel, courriels, plus, por, favor,
    quiero, quisiera, deseo, mi, el, los, las, lista, del, boletín, boletin, correo, correos, gracias, hola, su, sus,
    esta, este, al, recibir, suscripción, en, una, un, yo, más, per, favore, piacere, voglio, vorrei, mio, mia,
    dalla, dal, alla, il, lo, questa, questo, vostra, vostro, grazie, ciao, iscrizione, abbonamento, posta, ricevere,
    gli, di, da, più, quero, gostaria, desejo, minha, meu, na, boletim, obrigado, obrigada, olá, assinatura,
    inscrição, receber, mais, alsjeblieft, alstublieft, graag, wil, mij, ik, van, uit, deze, dit, het, nieuwsbrief,
    lijst, mijn, bedankt, uw, jullie, ontvangen, abonnement, voor, geen, meer, op, inscription
    """
)
