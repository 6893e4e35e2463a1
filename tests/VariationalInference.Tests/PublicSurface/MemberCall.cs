using System.Reflection;
using System.Reflection.Emit;

namespace VariationalInference.Tests.PublicSurface;

/// <summary>Calls constructors and methods with arguments from an array, also those that take spans, which reflection alone cannot pass.</summary>
internal static class MemberCall
{
    /// <summary>A table for a parameter of type <see cref="RowSpan"/>.</summary>
    public sealed record Rows(double[] Values, int ColumnCount)
    {
        public static RowSpan Open(Rows rows) => RowSpan.RowMajor(rows.Values, rows.ColumnCount);
    }

    /// <summary>Room for a parameter of type <see cref="CaviBuffers"/>.</summary>
    public sealed record Buffers(double[] Means)
    {
        public static CaviBuffers Open(Buffers buffers) => new() { ColumnMajorMeans = buffers.Means };
    }

    public static object? Invoke(MethodBase method, object? target, object?[] arguments)
    {
        var call = new DynamicMethod("Call", typeof(object), [typeof(object), typeof(object?[])], typeof(MemberCall).Module, skipVisibility: true);
        ILGenerator code = call.GetILGenerator();
        if (!method.IsStatic && !method.IsConstructor)
        {
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(method.DeclaringType!.IsValueType ? OpCodes.Unbox : OpCodes.Castclass, method.DeclaringType);
        }

        ParameterInfo[] parameters = method.GetParameters();
        for (int i = 0; i < parameters.Length; i++)
        {
            code.Emit(OpCodes.Ldarg_1);
            code.Emit(OpCodes.Ldc_I4, i);
            code.Emit(OpCodes.Ldelem_Ref);
            Convert(code, parameters[i].ParameterType);
        }

        Type result = typeof(void);
        if (method is ConstructorInfo constructor)
        {
            code.Emit(OpCodes.Newobj, constructor);
            result = constructor.DeclaringType!;
        }
        else
        {
            var called = (MethodInfo)method;
            code.Emit(called.IsStatic || called.DeclaringType!.IsValueType ? OpCodes.Call : OpCodes.Callvirt, called);
            result = called.ReturnType;
        }

        if (result.IsByRefLike)
        {
            code.Emit(OpCodes.Pop);
        }

        if (result == typeof(void) || result.IsByRefLike)
        {
            code.Emit(OpCodes.Ldnull);
        }
        else if (result.IsValueType)
        {
            code.Emit(OpCodes.Box, result);
        }

        code.Emit(OpCodes.Ret);
        return ((Func<object?, object?[], object?>)call.CreateDelegate(typeof(Func<object?, object?[], object?>)))(target, arguments);
    }

    private static void Convert(ILGenerator code, Type type)
    {
        if (type == typeof(RowSpan) || type == typeof(CaviBuffers))
        {
            Type holder = type == typeof(RowSpan) ? typeof(Rows) : typeof(Buffers);
            code.Emit(OpCodes.Castclass, holder);
            code.Emit(OpCodes.Call, holder.GetMethod("Open")!);
        }
        else if (type.IsByRefLike)
        {
            Type array = type.GetGenericArguments()[0].MakeArrayType();
            code.Emit(OpCodes.Castclass, array);
            code.Emit(OpCodes.Call, type.GetMethod("op_Implicit", [array])!);
        }
        else
        {
            code.Emit(type.IsValueType ? OpCodes.Unbox_Any : OpCodes.Castclass, type);
        }
    }
}
