/*
 * Types, objects, properties, links, the tree, -object.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "util/options.h"
#include "qom/object.h"

#define TYPE_ANIMAL "test-animal"
OBJECT_DECLARE_TYPE(Animal, AnimalClass, ANIMAL)
struct AnimalClass {
    ObjectClass parent_class;
    const char *sound;
};
struct Animal {
    Object parent_obj;
    char *name;
    bool asleep;
    Object *friend;
    int inits;
};
#define TYPE_DOG "test-dog"
typedef struct Dog { Animal parent_obj; Object tail; int dog_inits; } Dog;

static int alive;

static char *get_name(Object *obj, Error **errp) { return g_strdup(ANIMAL(obj)->name); }
static void set_name(Object *obj, const char *v, Error **errp)
{
    if (!*v) {
        error_setg(errp, "a name is not empty");
        return;
    }
    g_free(ANIMAL(obj)->name);
    ANIMAL(obj)->name = g_strdup(v);
}
static bool get_asleep(Object *obj, Error **errp) { return ANIMAL(obj)->asleep; }
static void set_asleep(Object *obj, bool v, Error **errp) { ANIMAL(obj)->asleep = v; }

static void animal_class_init(ObjectClass *klass, const void *data)
{
    ANIMAL_CLASS(klass)->sound = "?";
    object_class_property_add_str(klass, "name", get_name, set_name);
    object_class_property_add_bool(klass, "asleep", get_asleep, set_asleep);
    object_class_property_add_bool(klass, "fixed", get_asleep, NULL);
    object_class_property_add_link(klass, "friend", TYPE_ANIMAL, offsetof(Animal, friend), NULL);
}

static void animal_init(Object *obj)
{
    alive++;
    ((Animal *)obj)->inits++;
}

static void animal_finalize(Object *obj)
{
    alive--;
    g_free(((Animal *)obj)->name);
}

static void dog_class_init(ObjectClass *klass, const void *data) { ANIMAL_CLASS(klass)->sound = "woof"; }

static void dog_init(Object *obj)
{
    g_assert_cmpint(ANIMAL(obj)->inits, ==, 1);
    ((Dog *)obj)->dog_inits++;
    object_initialize_child(obj, "tail", &((Dog *)obj)->tail, sizeof(Object), "container");
}

static const char *const dog_interfaces[] = { "test-barks", NULL };
static const TypeInfo types[] = {
    { .name = TYPE_DOG, .parent = TYPE_ANIMAL, .instance_size = sizeof(Dog), .class_init = dog_class_init,
      .instance_init = dog_init, .interfaces = dog_interfaces },
    { .name = TYPE_ANIMAL, .instance_size = sizeof(Animal), .class_size = sizeof(AnimalClass), .abstract = true,
      .class_init = animal_class_init, .instance_init = animal_init, .instance_finalize = animal_finalize },
};
DEFINE_TYPES(types)

typedef struct Maker { UserCreatable parent_obj; bool fail; } Maker;
static void maker_set_fail(Object *obj, bool v, Error **errp) { ((Maker *)obj)->fail = v; }
static bool maker_complete(UserCreatable *uc, Error **errp)
{
    if (((Maker *)uc)->fail) {
        error_setg(errp, "asked to fail");
        return false;
    }
    return true;
}
static void maker_class_init(ObjectClass *klass, const void *data)
{
    USER_CREATABLE_CLASS(klass)->complete = maker_complete;
    object_class_property_add_bool(klass, "fail", NULL, maker_set_fail);
}
static const TypeInfo maker_info = {
    .name = "test-maker", .parent = TYPE_USER_CREATABLE, .instance_size = sizeof(Maker), .class_init = maker_class_init,
};
DEFINE_TYPE(maker_info)

static void expect_error(Error *err, const char *text)
{
    g_assert_nonnull(err);
    g_assert_cmpstr(error_get_pretty(err), ==, text);
    error_free(err);
}

static void test_types(void)
{
    Object *dog = object_new(TYPE_DOG);
    GSList *list;

    g_assert_true(object_dynamic_cast(dog, TYPE_ANIMAL) == dog);
    g_assert_true(object_dynamic_cast(dog, "test-barks") == dog);
    g_assert_null(object_dynamic_cast(dog, TYPE_USER_CREATABLE));
    g_assert_cmpstr(ANIMAL_GET_CLASS(dog)->sound, ==, "woof");
    g_assert_cmpstr(((AnimalClass *)object_class_by_name(TYPE_ANIMAL))->sound, ==, "?");
    g_assert_null(object_class_by_name("no-such"));
    list = object_class_get_list("test-barks", false);
    g_assert_cmpuint(g_slist_length(list), ==, 1);
    g_slist_free(list);
    object_unref(dog);
    g_assert_cmpint(alive, ==, 0);
}

static void test_properties(void)
{
    Object *dog = object_new(TYPE_DOG);
    g_autofree char *name = NULL;
    Error *err = NULL;

    g_assert_true(object_property_set_str(dog, "name", "Rex", &error_abort));
    name = object_property_get_str(dog, "name", &error_abort);
    g_assert_cmpstr(name, ==, "Rex");
    g_assert_true(object_property_set_str(dog, "asleep", "on", &error_abort));
    g_assert_true(object_property_get_bool(dog, "asleep", &error_abort));
    g_assert_false(object_property_set_str(dog, "asleep", "maybe", &err));
    expect_error(g_steal_pointer(&err), "Parameter 'asleep' must be 'on' or 'off'");
    g_assert_false(object_property_set_str(dog, "name", "", &err));
    expect_error(g_steal_pointer(&err), "a name is not empty");
    g_assert_false(object_property_set_bool(dog, "foo", true, &err));
    expect_error(g_steal_pointer(&err), "'test-dog' has no property 'foo'");
    g_assert_false(object_property_set_bool(dog, "aslep", true, &err));
    g_assert_nonnull(strstr(error_get_hint(err), "Did you mean 'asleep'?"));
    g_clear_pointer(&err, error_free);
    g_assert_false(object_property_set_bool(dog, "fixed", true, &err));
    expect_error(g_steal_pointer(&err), "'test-dog' does not let its property 'fixed' be set");
    object_unref(dog);
}

static void test_tree(void)
{
    Object *box = container_get(object_get_root(), "/box/inner"), *dog = object_new(TYPE_DOG), *other = object_new(TYPE_DOG);
    g_autofree char *path = NULL;
    bool ambiguous;
    Error *err = NULL;

    object_property_add_child(box, "dog[*]", dog);
    object_property_add_child(box, "dog[*]", other);
    path = object_get_canonical_path(other);
    g_assert_cmpstr(path, ==, "/box/inner/dog[1]");
    g_assert_true(object_resolve_path(path, NULL) == other);
    g_assert_true(object_resolve_path("inner/dog[0]", NULL) == dog);
    g_assert_null(object_resolve_path("tail", &ambiguous));
    g_assert_true(ambiguous);
    g_assert_null(object_resolve_path("/box/none/dog[0]", NULL));
    g_assert_null(object_resolve_path_type(path, TYPE_USER_CREATABLE, NULL));
    object_unref(other);
    other = object_new(TYPE_DOG);
    g_assert_false(object_property_try_add_child(box, "dog[0]", other, &err));
    expect_error(err, "property 'dog[0]' is there already (object of type 'container')");
    object_unref(other);
    object_unparent(dog);
    g_assert_cmpint(alive, ==, 2);
    object_unref(dog);
    object_unparent(object_resolve_path("/box", NULL));
    g_assert_cmpint(alive, ==, 0);
}

static void test_links(void)
{
    Object *box = container_get(object_get_root(), "/box"), *a = object_new(TYPE_DOG), *b = object_new(TYPE_DOG);
    Object *maker = object_new("test-maker");
    g_autofree char *path = NULL;
    Error *err = NULL;

    object_property_add_child(box, "a", a);
    object_property_add_child(box, "b", b);
    object_property_add_child(box, "m", maker);
    object_unref(a);
    object_unref(b);
    object_unref(maker);
    g_assert_true(object_property_set_str(a, "friend", "b", &error_abort));
    path = object_property_get_str(a, "friend", &error_abort);
    g_assert_cmpstr(path, ==, "/box/b");
    g_assert_true(object_property_get_link(a, "friend", &error_abort) == b);
    g_assert_false(object_property_set_str(a, "friend", "nobody", &err));
    g_assert_cmpint(error_get_class(err), ==, ERROR_CLASS_DEVICE_NOT_FOUND);
    expect_error(g_steal_pointer(&err), "There is no object 'nobody'");
    g_assert_false(object_property_set_str(a, "friend", "/box/m", &err));
    expect_error(g_steal_pointer(&err), "Parameter 'friend' must be of type test-animal");
    object_property_add_alias(maker, "buddy", a, "friend");
    g_assert_true(object_property_get_link(maker, "buddy", &error_abort) == b);
    object_unparent(b);
    g_assert_cmpint(alive, ==, 2);
    g_assert_true(object_property_set_link(maker, "buddy", NULL, &error_abort));
    g_assert_cmpint(alive, ==, 1);
    object_unparent(box);
    g_assert_cmpint(alive, ==, 0);
}

static Object *add(const char *opts, Error **errp)
{
    return user_creatable_add(options_parse(opts, "qom-type", NULL, &error_abort), errp);
}

static void test_user_creatable(void)
{
    Error *err = NULL;
    Object *m = add("test-maker,id=m0", &error_abort);

    g_assert_true(object_resolve_path("/objects/m0", NULL) == m);
    g_assert_null(add("test-maker,id=m0", &err));
    expect_error(g_steal_pointer(&err), "property 'm0' is there already (object of type 'container')");
    g_assert_null(add("test-maker,id=m1,fail=on", &err));
    expect_error(g_steal_pointer(&err), "asked to fail");
    g_assert_null(object_resolve_path("/objects/m1", NULL));
    g_assert_null(add("test-maker,id=m1,x=1", &err));
    expect_error(g_steal_pointer(&err), "'test-maker' has no property 'x'");
    g_assert_null(add("test-dog,id=m1", &err));
    expect_error(g_steal_pointer(&err), "qom-type: there is no object type 'test-dog'");
    g_assert_null(add("test-maker", &err));
    expect_error(g_steal_pointer(&err), "Parameter 'id' must be given");
    g_assert_null(add("test-maker,id=1", &err));
    expect_error(g_steal_pointer(&err), "id: not an identifier");
    object_ref(m);
    g_assert_false(user_creatable_del("m0", &err));
    expect_error(g_steal_pointer(&err), "object 'm0' is in use, can not be deleted");
    object_unref(m);
    g_assert_true(user_creatable_del("m0", &error_abort));
    g_assert_false(user_creatable_del("m0", &err));
    expect_error(g_steal_pointer(&err), "there is no object 'm0'");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qom/types", test_types);
    g_test_add_func("/qom/properties", test_properties);
    g_test_add_func("/qom/tree", test_tree);
    g_test_add_func("/qom/links", test_links);
    g_test_add_func("/qom/user-creatable", test_user_creatable);
    return g_test_run();
}
