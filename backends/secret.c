/*
 * -object secret: a password or key that other options name instead of
 * holding it. Management programs pass one always, used or not.
 *
 * Not modelled: secrets that are themselves encrypted (keyid=, iv=).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "qom/object.h"

#define SECRET_MAX_SIZE MiB

typedef struct Secret {
    UserCreatable parent_obj;
    char *data, *file, *format, *keyid, *iv;
    guchar *raw;                        /* never shown */
    gsize raw_len;
} Secret;

typedef struct SecretText { const char *name; ptrdiff_t offset; const char *help; } SecretText;

static const SecretText texts[] = {
    { "data", offsetof(Secret, data), "The secret itself" },
    { "file", offsetof(Secret, file), "File that holds the secret" },
    { "format", offsetof(Secret, format), "raw or base64" },
    { "keyid", offsetof(Secret, keyid), "Not supported: a secret that decrypts this one" },
    { "iv", offsetof(Secret, iv), "Not supported: initialization vector" },
};

static char **storage(Object *obj, const ObjectProperty *prop)
{
    return (char **)((char *)obj + ((const SecretText *)prop->opaque)->offset);
}

static bool text_set(Object *obj, const ObjectProperty *prop, const json_t *value, Error **errp)
{
    if (!json_is_string(value)) {
        error_setg(errp, "Parameter '%s' must be text", prop->name);
        return false;
    }
    if (obj->parent) {
        error_setg(errp, "Property '%s' cannot change once the secret is loaded", prop->name);
        return false;
    }
    g_free(*storage(obj, prop));
    *storage(obj, prop) = g_strdup(json_string_value(value));
    return true;
}

static bool read_input(Secret *s, Error **errp)
{
    g_autoptr(GError) gerr = NULL;
    gchar *contents;

    if (!s->file == !s->data) {
        error_setg(errp, s->file ? "file= and data= exclude each other" : "Must provide 'file' or 'data'");
        return false;
    }
    if (s->data) {
        s->raw = (guchar *)g_strdup(s->data);
        s->raw_len = strlen(s->data);
        return true;
    }
    if (!g_file_get_contents(s->file, &contents, &s->raw_len, &gerr)) {
        error_setg(errp, "Unable to read secret: %s", gerr->message);
        return false;
    }
    s->raw = (guchar *)contents;
    if (s->raw_len > SECRET_MAX_SIZE) {
        error_setg(errp, "Secret file '%s' is larger than 1 MiB", s->file);
        return false;
    }
    return true;
}

static bool decode(Secret *s, Error **errp)
{
    guchar *decoded;

    if (s->format && !strcmp(s->format, "base64")) {
        if (s->raw_len && strspn((char *)s->raw, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n") != s->raw_len) {
            error_setg(errp, "Secret is not valid base64");
            return false;
        }
        decoded = g_base64_decode((char *)s->raw, &s->raw_len);
        g_free(s->raw);
        s->raw = decoded;
    } else if (s->format && strcmp(s->format, "raw")) {
        error_setg(errp, "format=%s: it is raw or base64", s->format);
        return false;
    }
    return true;
}

static bool secret_complete(UserCreatable *uc, Error **errp)
{
    Secret *s = (Secret *)uc;

    if (s->keyid || s->iv) {
        error_setg(errp, "secrets that are encrypted (keyid=, iv=) are not supported by Twostage; give it plain or base64");
        return false;
    }
    return read_input(s, errp) && decode(s, errp);
}

static void secret_finalize(Object *obj)
{
    Secret *s = (Secret *)obj;

    if (s->raw) {
        explicit_bzero(s->raw, s->raw_len);
    }
    g_free(s->raw);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        g_free(*(char **)((char *)obj + texts[i].offset));
    }
}

static void secret_class_init(ObjectClass *klass, const void *data)
{
    USER_CREATABLE_CLASS(klass)->complete = secret_complete;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        object_class_property_add(klass, texts[i].name, "string", NULL, text_set, (void *)&texts[i]);
        object_class_property_set_description(klass, texts[i].name, texts[i].help);
    }
}

static const TypeInfo secret_info = {
    .name = "secret",
    .parent = TYPE_USER_CREATABLE,
    .instance_size = sizeof(Secret),
    .class_init = secret_class_init,
    .instance_finalize = secret_finalize,
};
DEFINE_TYPE(secret_info)
