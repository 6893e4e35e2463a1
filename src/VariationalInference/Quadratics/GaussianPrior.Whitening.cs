using System.Collections.Immutable;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.LinearAlgebra;

namespace VariationalInference;

/// <content>To whitened coordinates t = L⁻¹(z − m) and back, with the lower triangular root L of S = LLᵀ, block by block.</content>
public sealed partial class GaussianPrior
{
    /// <summary>Writes t = L⁻¹(z − m), with the lower triangular root L of S = LLᵀ.</summary>
    internal void Whiten(ReadOnlySpan<double> latents, Span<double> whitened)
    {
        ImmutableArray<double> deviations = Deviations, means = Means;
        for (int j = 0; j < latents.Length; j++)
        {
            whitened[j] = (latents[j] - means[j]) / deviations[j];
        }

        for (int b = 0; b < _blocks.Length; b++)
        {
            PriorBlock block = _blocks[b];
            Span<double> whole = whitened.Slice(block.First, block.Size);
            for (int i = 0; i < whole.Length; i++)
            {
                whole[i] = latents[block.First + i] - Means[block.First + i];
            }

            block.Factor.Solve(whole);
        }
    }

    /// <summary>Writes z = m + Lt.</summary>
    internal void Unwhiten(ReadOnlySpan<double> whitened, Span<double> latents)
    {
        ImmutableArray<double> deviations = Deviations, means = Means;
        for (int j = 0; j < whitened.Length; j++)
        {
            latents[j] = Math.FusedMultiplyAdd(deviations[j], whitened[j], means[j]);
        }

        if (_blocks.Length > 0)
        {
            UnwhitenBlocks(whitened, latents);
        }
    }

    /// <summary>Returns Σ_k |L_jk t_k| of a latent that is not alone.</summary>
    internal double Reach(int latent, ReadOnlySpan<double> whitened)
    {
        PriorBlock block = BlockOf(latent);
        int row = latent - block.First;
        double sum = 0;
        for (int k = 0; k <= row; k++)
        {
            sum += Math.Abs(block.Factor.Root(row, k) * whitened[block.First + k]);
        }

        return sum;
    }

    private void UnwhitenBlocks(ReadOnlySpan<double> whitened, Span<double> latents)
    {
        foreach (PriorBlock block in _blocks)
        {
            for (int i = 0; i < block.Size; i++)
            {
                latents[block.First + i] = Means[block.First + i] + block.Factor.Dot(i, whitened[block.First..]);
            }
        }
    }

    /// <summary>Replaces x by L⁻¹x.</summary>
    internal void Unscale(Span<double> deviations)
    {
        for (int j = 0; j < deviations.Length; j++)
        {
            deviations[j] = IsAlone(j) ? deviations[j] / Deviations[j] : deviations[j];
        }

        foreach (PriorBlock block in _blocks)
        {
            block.Factor.Solve(deviations.Slice(block.First, block.Size));
        }
    }

    /// <summary>Replaces t by Lt.</summary>
    internal void Scale(Span<double> whitened)
    {
        for (int j = 0; j < whitened.Length; j++)
        {
            whitened[j] = IsAlone(j) ? Deviations[j] * whitened[j] : whitened[j];
        }

        foreach (PriorBlock block in _blocks)
        {
            for (int i = block.Size - 1; i >= 0; i--)
            {
                whitened[block.First + i] = block.Factor.Dot(i, whitened[block.First..]);
            }
        }
    }

    /// <summary>Replaces a row a of loadings by aᵀL.</summary>
    internal void ScaleTransposed(Span<double> loadings)
    {
        for (int j = 0; j < loadings.Length; j++)
        {
            loadings[j] = IsAlone(j) ? loadings[j] * Deviations[j] : loadings[j];
        }

        foreach (PriorBlock block in _blocks)
        {
            for (int j = 0; j < block.Size; j++)
            {
                double sum = 0;
                for (int i = j; i < block.Size; i++)
                {
                    sum += block.Factor.Root(i, j) * loadings[block.First + i];
                }

                loadings[block.First + j] = sum;
            }
        }
    }

    /// <summary>Replaces the gradient in t by that in z, L⁻ᵀg.</summary>
    internal void ToLatents(Span<double> gradient)
    {
        for (int j = 0; j < gradient.Length; j++)
        {
            gradient[j] = IsAlone(j) ? gradient[j] / Deviations[j] : gradient[j];
        }

        foreach (PriorBlock block in _blocks)
        {
            block.Factor.SolveTransposed(gradient.Slice(block.First, block.Size));
        }
    }

    /// <summary>Replaces a J×J matrix M, row-major, by LMLᵀ.</summary>
    internal void Conjugate(double[] elements)
    {
        int count = Count;
        if (IsIndependent)
        {
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    elements[(i * count) + j] *= Deviations[i] * Deviations[j];
                }
            }

            return;
        }

        var column = new double[count];
        for (int i = 0; i < count; i++)
        {
            Scale(elements.AsSpan(i * count, count));
        }

        for (int j = 0; j < count; j++)
        {
            for (int i = 0; i < count; i++)
            {
                column[i] = elements[(i * count) + j];
            }

            Scale(column);
            for (int i = 0; i < count; i++)
            {
                elements[(i * count) + j] = column[i];
            }
        }
    }

    /// <summary>Returns L⁻ᵀML⁻¹ of a J×J matrix M.</summary>
    internal Matrix<double> Precision(Matrix<double> whitened)
    {
        if (IsIndependent)
        {
            return whitened.MapIndexed((i, j, value) => value / (Deviations[i] * Deviations[j]));
        }

        for (int pass = 0; pass < 2; pass++)
        {
            whitened = Matrix<double>.Build.DenseOfRowArrays(whitened.EnumerateColumns().Select(column =>
            {
                double[] values = column.ToArray();
                ToLatents(values);
                return values;
            }));
        }

        return whitened;
    }

    /// <summary>Draws the latents.</summary>
    internal void Draw(System.Random random, Span<double> latents)
    {
        for (int j = 0; j < latents.Length; j++)
        {
            latents[j] = IsAlone(j) ? Normal.Sample(random, Means[j], Deviations[j]) : Normal.Sample(random, 0, 1);
        }

        foreach (PriorBlock block in _blocks)
        {
            for (int i = block.Size - 1; i >= 0; i--)
            {
                latents[block.First + i] = Means[block.First + i] + block.Factor.Dot(i, latents[block.First..]);
            }
        }
    }

    /// <summary>Returns the unit vector along which t moves when a latent moves alone, from the latent itself on; before it, it is zero.</summary>
    internal ReadOnlySpan<double> Direction(int latent) =>
        IsAlone(latent) ? One : BlockOf(latent).Factor.Direction(latent - BlockOf(latent).First);
}
